#!/usr/bin/env python3
"""Trains the digit reader on scikit-learn's handwritten digits (8x8 pixels, 0..16) and exports it.

    python train.py [OUTDIR]          (needs torch 2.13, numpy, scikit-learn; about ten seconds)

Writes digits.pt2 and a few images of the test half that the network never saw: three.npy, seven.npy, and what PyTorch answers to the latter: seven-expected.npz.
"""
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits


class DigitReader(nn.Module):
    """An image [1, 8, 8] of ink 0..16 in, the digit and the ten probabilities out."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2))
        self.classify = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 10))

    def logits(self, image):
        return self.classify(self.features(image.unsqueeze(0) / 16))

    def forward(self, image):
        scores = self.logits(image)
        return {"digit": scores.argmax(1).squeeze(0), "probability": scores.softmax(1).squeeze(0)}


def main():
    outdir = sys.argv[1] if len(sys.argv) > 1 else "."
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(labels)
    order = torch.randperm(len(images))
    train, test = order[:1200], order[1200:]
    model = DigitReader().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=40 * 19)
    for _ in range(40):
        for batch in train[torch.randperm(len(train))].split(64):
            scores = model.classify(model.features(images[batch] / 16))
            loss = nn.functional.cross_entropy(scores, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        right = sum(int(model(images[i])["digit"]) == int(labels[i]) for i in test)
        print(f"right on {right} of {len(test)} unseen digits ({100 * right / len(test):.1f} %)")
        torch.export.save(torch.export.export(model, (images[0].clone(),)), f"{outdir}/digits.pt2")
        shown = {}
        for i in test.tolist():
            shown.setdefault(int(labels[i]), i)
        for name, digit in (("three", 3), ("seven", 7)):
            np.save(f"{outdir}/{name}.npy", images[shown[digit]].numpy())
        answer = model(images[shown[7]])
        np.savez(f"{outdir}/seven-expected.npz", digit=answer["digit"].numpy(), probability=answer["probability"].numpy())


if __name__ == "__main__":
    main()
