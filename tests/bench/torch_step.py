#!/usr/bin/env python3
"""The peer of `mayvae bench`: the median time of one training step (forward, backward, Adam) in PyTorch on the CPU.

The network is that of experiments/vae.yaml. Prints CSV: model,torch,threads,batch,ms_per_step,images_per_s.
"""
import argparse
import os
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


class Vae(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * 7 * 7, 256), nn.ReLU())
        self.posterior = nn.Linear(256, 2 * latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 256), nn.ReLU(),
            nn.Linear(256, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 3, stride=2, padding=1, output_padding=1))

    def loss(self, images):
        mean, log_variance = self.posterior(self.encoder(images)).chunk(2, dim=1)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        reconstruction = functional.binary_cross_entropy_with_logits(self.decoder(latent), images, reduction="sum")
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()
        return (reconstruction + kl) / len(images)


MODELS = {"vae": Vae}


def measure(model, batch, steps, warmup=5):
    """Milliseconds of the median step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.rand(batch, 1, 28, 28)
    times = []
    for i in range(warmup + steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        model.loss(images).backward()
        optimizer.step()
        if i >= warmup:
            times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", choices=sorted(MODELS))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    print("model,torch,threads,batch,ms_per_step,images_per_s")
    for name in options.model or sorted(MODELS):
        ms = measure(MODELS[name](), options.batch, options.steps)
        print(f"{name},{torch.__version__},{options.threads},{options.batch},{ms:.3f},{1e3 * options.batch / ms:.1f}", flush=True)


if __name__ == "__main__":
    main()
