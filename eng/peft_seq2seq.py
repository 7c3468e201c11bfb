"""Times training steps of PEFT's AdaLoRA, or beam search of transformers, on models with random weights and prints one JSON line.

usage: peft_seq2seq.py --shape bart-base|t5-base --work step|generate [--batch 8] [--source 256] [--target 32] ...
The sizes are those of the benchmark seq2seq of tests/AdaLora.Benchmarks, which runs this.
"""
import argparse
import json
import resource
import time

import numpy as np
import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration


def create(shape, dropout):
    """A model of a published shape."""
    if shape == "bart-base":
        return BartForConditionalGeneration(BartConfig(
            d_model=768, encoder_layers=6, decoder_layers=6, encoder_attention_heads=12, decoder_attention_heads=12, encoder_ffn_dim=3072, decoder_ffn_dim=3072,
            dropout=dropout, attention_dropout=dropout, activation_dropout=dropout))
    return T5ForConditionalGeneration(T5Config(
        d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12, dropout_rate=dropout, decoder_start_token_id=0))


def adapt(model, shape, options):
    """AdaLoRA on all linear layers of both stacks, all steps in the budgeting phase with a mask at each."""
    from peft import AdaLoraConfig, get_peft_model
    targets = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"] if shape == "bart-base" else ["q", "k", "v", "o", "wi", "wo"]
    total = int(np.ceil((options.steps + 1) / 0.8))
    return get_peft_model(model, AdaLoraConfig(
        task_type="SEQ_2_SEQ_LM", init_r=12, target_r=8, lora_alpha=32, lora_dropout=options.adapter_dropout, target_modules=targets,
        tinit=0, tfinal=int(0.2 * total), deltaT=1, total_step=total, orth_reg_weight=0.1))


def time_steps(model, options):
    model = adapt(model, options.shape, options)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.01)
    words = model.config.vocab_size
    times = []
    for step in range(options.steps):
        ids = torch.randint(5, words, (options.batch, options.source))
        labels = torch.randint(5, words, (options.batch, options.target))
        start = time.perf_counter()
        model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        model.base_model.update_and_allocate(step)
        optimizer.zero_grad()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[options.uncounted:]))


def time_tokens(model, options):
    model.eval()
    ids = torch.randint(5, model.config.vocab_size, (options.batch, options.source))
    times = []
    for _ in range(options.steps):
        start = time.perf_counter()
        with torch.no_grad():
            # The end token is forbidden, so that all texts have the same length.
            model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=options.beams, do_sample=False,
                           min_new_tokens=options.target, max_new_tokens=options.target)
        times.append((time.perf_counter() - start) / options.target)
    return 1e3 * float(np.median(times[options.uncounted:]))


def main():
    parser = argparse.ArgumentParser()
    for name, kind, default in [("shape", str, "bart-base"), ("work", str, "step"), ("batch", int, 8), ("source", int, 256), ("target", int, 32), ("beams", int, 4),
                                ("dropout", float, 0.1), ("adapter-dropout", float, 0.1), ("steps", int, 8), ("uncounted", int, 2), ("threads", int, 2)]:
        parser.add_argument("--" + name, type=kind, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = create(options.shape, options.dropout)
    milliseconds = time_steps(model, options) if options.work == "step" else time_tokens(model, options)
    print(json.dumps({"step_ms_median": milliseconds, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


main()
