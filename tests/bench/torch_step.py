#!/usr/bin/env python3
"""The peer of `mayvae bench`: the median time of one training step (forward, backward, Adam) in PyTorch on the CPU.

The networks are those of tests/bench/*.yaml. Prints CSV, one row a model and a number of threads:
model,torch,threads,batch,ms_per_step,images_per_s.
"""
import argparse
import os
import statistics
import time
import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")

import torch
from torch import nn
from torch.nn import functional


def down(channels, filters):
    """Halves the image."""
    return nn.Conv2d(channels, filters, 3, stride=2, padding=1)


def up(channels, filters):
    """Doubles the image."""
    return nn.ConvTranspose2d(channels, filters, 3, stride=2, padding=1, output_padding=1)


def level(channels, filters):
    """Keeps the image's size."""
    return nn.ConvTranspose2d(channels, filters, 3, stride=1, padding=1)


def pixels_loss(logits, images):
    """Summed over pixels, mean over the batch."""
    return functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)


class Vae(nn.Module):
    def __init__(self, latents=8, hidden=256):
        super().__init__()
        self.encoder = nn.Sequential(
            down(1, 32), nn.ReLU(), down(32, 64), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 7 * 7, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, latents)
        self.log_variance = nn.Linear(hidden, latents)
        self.decoder = self.make_decoder(latents, hidden)

    def make_decoder(self, latents, hidden):
        return nn.Sequential(
            nn.Linear(latents, hidden), nn.ReLU(), nn.Linear(hidden, 64 * 7 * 7), nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)), up(64, 32), nn.ReLU(), up(32, 1))

    def loss(self, images, labels):
        features = self.encoder(images)
        mean, log_variance = self.mean(features), self.log_variance(features)
        latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        return pixels_loss(self.decoder(latents), images) + kl


class VaeWide(Vae):
    def __init__(self):
        super().__init__(latents=2, hidden=16)

    def make_decoder(self, latents, hidden):
        return nn.Sequential(
            nn.Linear(latents, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            up(64, 64), nn.ReLU(), up(64, 32), nn.ReLU(), level(32, 1))


class VqVae(nn.Module):
    def __init__(self, codes=128, dim=16, commitment=0.25):
        super().__init__()
        self.commitment = commitment
        self.encoder = nn.Sequential(down(1, 32), nn.ReLU(), down(32, 64), nn.ReLU(), nn.Conv2d(64, dim, 1))
        self.codebook = nn.Parameter(torch.empty(codes, dim).uniform_(-1 / codes, 1 / codes))
        self.decoder = nn.Sequential(up(dim, 64), nn.ReLU(), up(64, 32), nn.ReLU(), level(32, 1))

    def loss(self, images, labels):
        encoded = self.encoder(images).permute(0, 2, 3, 1)
        positions = encoded.reshape(-1, encoded.shape[-1])
        # |x - e|^2 without |x|^2, which is the same for every code
        distance = self.codebook.square().sum(dim=1) - 2 * positions @ self.codebook.t()
        quantized = self.codebook[distance.argmin(dim=1)].view_as(encoded)
        terms = ((quantized - encoded.detach()).square().sum()
                 + self.commitment * (quantized.detach() - encoded).square().sum()) / len(images)
        straight_through = encoded + (quantized - encoded).detach()
        return pixels_loss(self.decoder(straight_through.permute(0, 3, 1, 2)), images) + terms


class Residual(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters))
        self.shortcut = nn.Identity()
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride=stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        return functional.relu(self.body(x) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        stages = [nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                  nn.MaxPool2d(3, stride=2, padding=1)]
        channels = 64
        for filters in (64, 128, 256, 512):
            stages += [Residual(channels, filters, 1 if filters == 64 else 2), Residual(filters, filters, 1)]
            channels = filters
        self.network = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))

    def loss(self, images, labels):
        return functional.cross_entropy(self.network(images), labels)


MODELS = {"vae": Vae, "vae_wide": VaeWide, "vqvae": VqVae, "resnet18": ResNet18}


def measure(model, batch, steps, warmup=5):
    """Milliseconds of the median step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.rand(batch, 1, 28, 28)
    labels = torch.arange(batch) % 10
    times = []
    for i in range(warmup + steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        model.loss(images, labels).backward()
        optimizer.step()
        if i >= warmup:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=sorted(MODELS), help="default: all; repeatable")
    parser.add_argument("--threads", type=int, action="append", help="default: the processors; repeatable")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    torch.manual_seed(0)
    print("model,torch,threads,batch,ms_per_step,images_per_s")
    for name in options.model or MODELS:
        for threads in options.threads or [os.cpu_count()]:
            torch.set_num_threads(threads)
            ms = measure(MODELS[name](), options.batch, options.steps)
            print(f"{name},{torch.__version__},{threads},{options.batch},{ms:.3f},{1e3 * options.batch / ms:.1f}", flush=True)


if __name__ == "__main__":
    main()
