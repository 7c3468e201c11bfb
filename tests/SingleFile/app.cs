#!/usr/bin/env dotnet
#:package AdaLora@*-*
#:package libtorch-cpu-linux-x64@2.10.0
#:property AdaLoraLoaderFix=true
#:property NoWarn=NU1603
#:property RuntimeIdentifier=linux-x64

// A single-file program: attaches, trains, saves, exports, and loads what was saved. JSON by reflection is off in such programs.
using AdaLora;
using AdaLora.Allocation;
using AdaLora.Training;
using TorchSharp;
using static TorchSharp.torch;

const int Steps = 20;
manual_seed(1);
var inputs = randn(64, 8);
var labels = inputs.sum(1, keepdim: true);
var folder = Directory.CreateTempSubdirectory().FullName;

using var model = Network();
float[] trained;
using (var adapted = AdaLoraModel.Attach(model,
    new AdaLoraOptions { InitialRank = 4, TargetRank = 2, InitialPhase = PhaseLength.Steps(4), FinalPhase = PhaseLength.Steps(8), MaskInterval = 2, Seed = 1 }))
{
    using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = Steps, LearningRate = 2e-2, ReportEvery = 1 });
    var losses = trainer.Fit([inputs], batch => nn.functional.mse_loss(model.call(batch), labels)).History;
    Require(losses[^1].Loss < losses[0].Loss, $"the loss went from {losses[0].Loss:0.000} to {losses[^1].Loss:0.000}");
    trained = Outputs();
    adapted.Save(Path.Combine(folder, "adapter"));
    adapted.ExportLora(Path.Combine(folder, "lora"));
    adapted.Detach();
}

foreach (var saved in (string[])["adapter", "lora"])
{
    using var loaded = AdaLoraModel.Load(model, Path.Combine(folder, saved));
    Require(Outputs().Zip(trained).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5), $"what '{saved}' holds computes the same");
    loaded.Detach();
}

Directory.Delete(folder, recursive: true);
return 0;

static nn.Module<Tensor, Tensor> Network() => nn.Sequential(("first", nn.Linear(8, 16)), ("activation", nn.Tanh()), ("second", nn.Linear(16, 1)));

float[] Outputs()
{
    using var scope = NewDisposeScope();
    using var noGrad = no_grad();
    model.eval();
    return [.. model.call(inputs).data<float>()];
}

static void Require(bool holds, string what)
{
    Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
    if (!holds)
        Environment.Exit(1);
}
