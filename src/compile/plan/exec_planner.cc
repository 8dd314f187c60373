// A program as a planner; see exec_planner.h.
#include "plan/exec_planner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "ir/error.h"
#include "plan/csv.h"

extern char** environ;

namespace etc::compile {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostAnswerBytes = size_t{64} << 20;

[[noreturn]] void fail(const std::string& command, const std::string& what) {
  throw CompileError("planner exec:" + command + " " + what, kEnvironment);
}

std::string problem_csv(const PlannerProblem& problem) {
  std::string csv = "id,lower,upper,size\n";
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Interval& b = problem.buffers[i];
    csv += std::to_string(i) + "," + std::to_string(b.lower) + "," + std::to_string(b.upper) + "," + std::to_string(b.size) + "\n";
  }
  return csv;
}

uint64_t capacity_argument(const PlannerProblem& problem) {
  if (problem.capacity != UINT64_MAX) return problem.capacity;
  uint64_t sum = 0;
  for (const Interval& b : problem.buffers) sum += b.size;
  return sum;
}

// A child in a process group of its own; ends the group when it goes out of scope before the child was waited for.
class Child {
 public:
  Child(const std::string& command, const std::string& input, uint64_t capacity) : command_(command) {
    // A file, not a pipe: the child reads it when it likes, or not at all, and nobody waits for the other.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::tmpfile(), std::fclose);
    int out[2];
    if (!in || std::fwrite(input.data(), 1, input.size(), in.get()) != input.size() || std::fflush(in.get()) != 0 || pipe2(out, O_CLOEXEC))
      fail(command, std::string("cannot be started: ") + std::strerror(errno));
    std::rewind(in.get());
    answer_ = out[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const std::string script = command + " \"$@\"", size = std::to_string(capacity);
    const char* argv[] = {"sh", "-c", script.c_str(), "sh", size.c_str(), nullptr};
    const int error = posix_spawn(&pid_, "/bin/sh", &actions, &attributes, const_cast<char**>(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(out[1]);
    if (error) {
      pid_ = -1;
      close(answer_);
      fail(command, std::string("cannot be started: ") + std::strerror(error));
    }
  }
  ~Child() {
    close(answer_);
    if (pid_ < 0) return;
    kill(-pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;

  // All that it writes until it closes its standard output.
  std::string read(Clock::time_point deadline, unsigned timeout_s) {
    std::string text;
    for (char part[65536];;) {
      pollfd ready{answer_, POLLIN, 0};
      const int got = poll(&ready, 1, milliseconds_until(deadline));
      if (got == 0) late(timeout_s);
      if (got < 0 && errno == EINTR) continue;
      const ssize_t n = got < 0 ? -1 : ::read(answer_, part, sizeof part);
      if (n < 0) fail(command_, std::string("cannot be read: ") + std::strerror(errno));
      if (n == 0) return text;
      text.append(part, static_cast<size_t>(n));
      if (text.size() > kMostAnswerBytes) fail(command_, "answers without end");
    }
  }

  // Its exit must be 0.
  void wait(Clock::time_point deadline, unsigned timeout_s) {
    int status = 0;
    for (pid_t done; (done = waitpid(pid_, &status, WNOHANG)) != pid_;) {
      if (done < 0 && errno != EINTR) fail(command_, std::string("cannot be waited for: ") + std::strerror(errno));
      if (milliseconds_until(deadline) == 0) late(timeout_s);
      poll(nullptr, 0, 1);
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) fail(command_, "was ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) == 127) fail(command_, "was not found by the shell (exit status 127)");
    if (WEXITSTATUS(status) != 0) fail(command_, "failed with exit status " + std::to_string(WEXITSTATUS(status)));
  }

 private:
  static int milliseconds_until(Clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return left > 0 ? static_cast<int>(left) + 1 : 0;
  }
  [[noreturn]] void late(unsigned timeout_s) const {
    fail(command_, "gave no answer within " + std::to_string(timeout_s) + " s; --planner-timeout gives it longer");
  }

  const std::string& command_;
  pid_t pid_ = -1;
  int answer_ = -1;
};

// Sets the offsets; the text of what is wrong otherwise.
std::string accept(const std::string& answer, PlannerProblem& problem) try {
  if (answer.empty()) return "it is empty";
  const CsvTable table = parse_csv(answer);
  const size_t id = column_of(table, "id"), offset = column_of(table, "offset");
  std::vector<bool> is_set(problem.buffers.size());
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const uint64_t i = unsigned_at(table, row, id);
    const std::string line = "line " + std::to_string(table.lines[row]) + ": id " + std::to_string(i);
    if (i >= problem.buffers.size()) return line + " was not asked for";
    if (is_set[i]) return line + " comes twice";
    is_set[i] = true;
    problem.buffers[i].offset = unsigned_at(table, row, offset);
  }
  for (size_t i = 0; i < is_set.size(); ++i)
    if (!is_set[i]) return "id " + std::to_string(i) + ", '" + problem.names[i] + "', is missing";
  return "";
} catch (const CompileError& e) {
  return e.what();
}

}  // namespace

Planner exec_planner(const std::string& command, unsigned timeout_s) {
  auto plan = [command, timeout_s](PlannerProblem& problem) {
    const auto deadline = Clock::now() + std::chrono::seconds(timeout_s);
    Child child(command, problem_csv(problem), capacity_argument(problem));
    const std::string answer = child.read(deadline, timeout_s);
    child.wait(deadline, timeout_s);
    if (const std::string fault = accept(answer, problem); !fault.empty())
      fail(command, "answers wrongly for pool " + problem.pool + " of method " + problem.method + ": " + fault);
  };
  return {"exec:" + command, "", plan};
}

}  // namespace etc::compile
