using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Training;
using AdaLora.Training.Progress;

namespace AdaLora.Glue.Demo.Pretraining;

/// <summary>The command that created the encoder which the demo fine-tunes.</summary>
internal static class PretrainDemoCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "The folder for the encoder.", DefaultValueFactory = _ => Path.Combine("runs", "demo", "encoder") };
        var steps = new Option<int>("--steps") { Description = "Optimiser steps.", DefaultValueFactory = _ => 3000 };
        var batchSize = new Option<int>("--batch-size") { Description = "Sentences per step.", DefaultValueFactory = _ => 64 };
        var rate = new Option<double>("--lr") { Description = "The highest learning rate.", DefaultValueFactory = _ => 2e-3 };
        var seed = new Option<int>("--seed") { Description = "Seed of weights, sentences and masks.", DefaultValueFactory = _ => 1 };
        var command = new Command("pretrain-demo", "Pre-trains the demo's encoder by masked-language modelling on sentences of the demo's grammar.") { output, steps, batchSize, rate, seed };
        command.SetAction((line, token) =>
        {
            var settings = new PretrainingSettings(line.GetValue(output)!, line.GetValue(steps), line.GetValue(batchSize), line.GetValue(rate), line.GetValue(seed));
            return Task.FromResult(Run(settings.Validated(), line.InvocationConfiguration.Output, token));
        });
        return command;
    }

    private static int Run(PretrainingSettings settings, TextWriter console, CancellationToken cancellation)
    {
        var result = DemoPretraining.Run(settings, new Lines(console), cancellation);
        if (result.StopReason != StopReason.Completed)
        {
            console.WriteLine($"Stopped after {result.Steps} of {result.TotalSteps} steps; no encoder was written.");
            return ExitCode.Cancelled;
        }

        console.WriteLine($"Wrote the encoder to {settings.Output} after {result.Elapsed.TotalSeconds:F0} s.");
        return ExitCode.Success;
    }

    private sealed class Lines(TextWriter console) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) =>
            console.WriteLine($"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F3}  {value.SamplesPerSecond:F0} sentences/s  {value.Remaining:hh\\:mm\\:ss} left");
    }
}
