"""Times training steps of PEFT's AdaLoRA, or generation of transformers, on a decoder's checkpoint and prints one JSON line.

usage: peft_decoders.py --model FOLDER --work step|generate --dtype fp32|bf16 [--batch 8] [--length 256] ...
The checkpoint and the sizes are those of the benchmark decoders of tests/AdaLora.Benchmarks, which runs this.
"""
import argparse
import json
import resource
import time

import numpy as np
import torch
from transformers import AutoModelForCausalLM

FIRST_WORD = 3


def adapt(model, options):
    """AdaLoRA on all linear layers of the blocks, all steps in the budgeting phase with a mask at each. Adapters are in single precision, whatever the model is in."""
    from peft import AdaLoraConfig, get_peft_model
    total = int(np.ceil((options.steps + 1) / 0.8))
    return get_peft_model(model, AdaLoraConfig(
        task_type="CAUSAL_LM", init_r=12, target_r=8, lora_alpha=32, lora_dropout=options.dropout,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        tinit=0, tfinal=int(0.2 * total), deltaT=1, total_step=total, orth_reg_weight=0.1))


def time_steps(model, options):
    words = model.config.vocab_size
    model = adapt(model, options)
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.01)
    times = []
    for step in range(options.steps):
        ids = torch.randint(FIRST_WORD, words, (options.batch, options.length))
        mask = torch.ones_like(ids)
        start = time.perf_counter()
        model(input_ids=ids, attention_mask=mask, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        model.base_model.update_and_allocate(step)
        optimizer.zero_grad()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[options.uncounted:]))


def time_tokens(model, options):
    model.eval()
    ids = torch.randint(FIRST_WORD, model.config.vocab_size, (options.batch, options.length))
    times = []
    for _ in range(options.steps):
        start = time.perf_counter()
        with torch.no_grad():
            # The end token is forbidden, so that all texts have the same length.
            texts = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, pad_token_id=0,
                                   min_new_tokens=options.new_tokens, max_new_tokens=options.new_tokens)
        times.append((time.perf_counter() - start) / options.new_tokens)
        assert texts.shape == (options.batch, options.length + options.new_tokens)
    return 1e3 * float(np.median(times[options.uncounted:]))


def main():
    parser = argparse.ArgumentParser()
    for name, kind, default in [("model", str, None), ("work", str, "step"), ("dtype", str, "fp32"), ("batch", int, 8), ("length", int, 256), ("new-tokens", int, 128),
                                ("dropout", float, 0.0), ("steps", int, 8), ("uncounted", int, 2), ("threads", int, 2)]:
        parser.add_argument("--" + name, type=kind, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.bfloat16 if options.dtype == "bf16" else torch.float32)
    milliseconds = time_steps(model, options) if options.work == "step" else time_tokens(model, options)
    print(json.dumps({"step_ms_median": milliseconds, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


main()
