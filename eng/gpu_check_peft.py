"""PEFT's AdaLoRA and LoRA on random weights, driven line by line by tests/AdaLora.GpuCheck so that contenders take turns, or alone.

    gpu_check_peft.py [--device cuda|cpu]            measures all contenders alone and prints a JSON line for each
    gpu_check_peft.py --serve [--device cuda|cpu]    answers requests, one JSON object per line

Needs torch, transformers and peft.
"""
import argparse
import gc
import json
import statistics
import sys
import time

import torch
import peft
import transformers
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification, DebertaV2Config, DebertaV2ForSequenceClassification

WORDS = 1000
# As long as the schedule is, every step of it is a budgeting step.
ENDLESS = 3_000_000
TARGETS = r".*encoder\.layer\.\d+\.(attention\.self\.(query|key|value)(_proj)?|attention\.output\.dense|intermediate\.dense|output\.dense)"
BASE = {"hidden": 768, "layers": 12, "heads": 12, "intermediate": 3072}


def make_model(shape):
    sizes = dict(vocab_size=WORDS, hidden_size=shape["hidden"], num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], intermediate_size=shape["intermediate"], num_labels=2)
    if shape["family"] == "bert":
        return BertForSequenceClassification(BertConfig(**sizes))
    return DebertaV2ForSequenceClassification(DebertaV2Config(
        **sizes, type_vocab_size=0, relative_attention=True, position_buckets=256, max_relative_positions=-1, position_biased_input=False, pos_att_type=["p2c", "c2p"],
        share_att_key=True, norm_rel_ebd="layer_norm"))


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


class Contender:
    """One way to train, advanced step by step: forward, backward, clipping, optimiser and, for AdaLoRA, the allocator."""

    def __init__(self, request, device):
        self.device = device
        self.bf16 = request["precision"] == "bf16"
        self.adalora = request["method"] == "adalora"
        common = dict(task_type="SEQ_CLS", lora_alpha=32, lora_dropout=request["dropout"], target_modules=TARGETS)
        if self.adalora:
            config = AdaLoraConfig(
                init_r=12, target_r=8, tinit=0, tfinal=ENDLESS // 3, deltaT=request.get("mask_interval", 1), total_step=ENDLESS, orth_reg_weight=0.1, **common)
        else:
            config = LoraConfig(r=request["rank"], **common)
        torch.manual_seed(1)
        self.model = get_peft_model(make_model(request["shape"]), config).to(device)
        self.model.train()
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-3, weight_decay=0.01)
        size = (request["batch"], request["length"])
        self.inputs = {
            "input_ids": torch.randint(5, WORDS, size, device=device),
            "attention_mask": torch.ones(size, dtype=torch.long, device=device),
            "labels": torch.randint(0, 2, size[:1], device=device),
        }
        self.step_number = 0

    def step(self):
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.model(**self.inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        if self.adalora:
            self.model.base_model.update_and_allocate(self.step_number)
        self.optimizer.zero_grad()
        self.step_number += 1

    def block(self, steps):
        """Milliseconds of a number of steps, with the device idle before and after."""
        synchronize(self.device)
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        synchronize(self.device)
        return (time.perf_counter() - start) * 1e3


def operations(device, repetitions, chain):
    """Microseconds of the host for single operations on small tensors."""
    x, y, weight = torch.randn(16, 64, device=device), torch.randn(16, 64, device=device), torch.randn(64, 64, device=device)
    trained = torch.randn(64, 64, device=device, requires_grad=True)

    def chained():
        product = x
        for _ in range(chain):
            product = product.mm(trained)
        product.sum().backward()

    def microseconds(operation, count):
        for _ in range(min(count, 100)):
            operation()
        synchronize(device)
        start = time.perf_counter()
        for _ in range(count):
            operation()
        synchronize(device)
        return (time.perf_counter() - start) / count * 1e6

    return {
        "mul_ in place": microseconds(lambda: x.mul_(y), repetitions),
        "mul, new tensor": microseconds(lambda: x.mul(y), repetitions),
        "mm": microseconds(lambda: x.mm(weight), repetitions),
        "view": microseconds(lambda: x.view(64, 16), repetitions),
        "mm with a graph": microseconds(lambda: x.mm(trained), repetitions),
        "mm forward and backward, in a chain": microseconds(chained, max(1, repetitions // chain)) / chain,
    }


class Server:
    def __init__(self, device):
        self.device = device
        self.contenders = {}

    def answer(self, request):
        if request["do"] == "forget":
            self.contenders.clear()
            self.clean()
            return {}
        if request["do"] == "operations":
            return {"microseconds": operations(self.device, request["repetitions"], request["chain"])}
        tf32 = request["precision"] == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        return self.memory(request) if request["do"] == "memory" else {"milliseconds": self.contender(request).block(request["steps"])}

    def contender(self, request):
        key = json.dumps({name: request.get(name) for name in ("shape", "method", "rank", "mask_interval", "batch", "length", "dropout")}, sort_keys=True) + str(request["precision"] == "bf16")
        if key not in self.contenders:
            self.contenders[key] = Contender(request, self.device)
        return self.contenders[key]

    def memory(self, request):
        self.clean()
        if self.device != "cuda":
            Contender(request, self.device).block(request["steps"])
            return {"bytes": 0}
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        Contender(request, self.device).block(request["steps"])
        peak = torch.cuda.max_memory_allocated() - before
        self.clean()
        return {"bytes": peak}

    def clean(self):
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()


def versions():
    return {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}


def serve(device):
    # A rehearsal runs beside other work; threads that wait for each other are slower than one.
    if device == "cpu":
        torch.set_num_threads(1)
    # What libraries print must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    server = Server(device)
    print(json.dumps({"ready": versions()}), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = server.answer(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def alone(device, steps):
    server = Server(device)
    print(json.dumps(versions()))
    for family in ("bert", "deberta-v2"):
        for precision in ("fp32", "tf32", "bf16"):
            for method, rank in (("adalora", None), ("lora", 12)):
                request = {"do": "steps", "shape": dict(BASE, family=family), "method": method, "rank": rank, "precision": precision, "batch": 32, "length": 128, "dropout": 0.1, "steps": 5}
                server.answer(request)
                times = [server.answer(dict(request, steps=1))["milliseconds"] for _ in range(steps)]
                server.answer({"do": "forget"})
                peak = server.answer(dict(request, do="memory", steps=3))["bytes"]
                print(json.dumps({"family": family, "precision": precision, "method": method, "median_ms": statistics.median(times), "peak_mib": peak / 2**20}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    if options.serve:
        serve(options.device)
    else:
        alone(options.device, options.steps)


main()
