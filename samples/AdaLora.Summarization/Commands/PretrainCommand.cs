using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Summarization.Data;
using AdaLora.Summarization.Pretraining;
using AdaLora.Training;
using AdaLora.Training.Progress;

namespace AdaLora.Summarization.Commands;

/// <summary>The command that creates a small BART, for runs where no published checkpoint can be had.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = $"A table of texts ({DocumentFile.Endings}), or a folder whose training set is one.", HelpName = "PATH", Required = true };
        var column = new Option<string>("--text-column") { Description = "The column of the texts.", HelpName = "NAME", DefaultValueFactory = _ => "document" };
        var tokenizer = new Option<string>("--tokenizer") { Description = "The folder of a tokenizer with a mask token.", HelpName = "DIR", Required = true };
        var output = new Option<string>("--output") { Description = "The folder for the checkpoint.", HelpName = "DIR", Required = true };
        var usual = new PretrainingSettings { Output = "", Tokenizer = "" };
        var size = ParsedOption.Number("--hidden-size", "Width of the hidden states.", usual.HiddenSize);
        var layers = ParsedOption.Number("--layers", "Layers of each stack.", usual.Layers);
        var length = ParsedOption.Number("--length", "Tokens of a piece of text.", usual.Length);
        var steps = ParsedOption.Number("--steps", "Optimiser steps.", usual.Steps);
        var batchSize = ParsedOption.Number("--batch-size", "Pieces per step.", usual.BatchSize);
        var rate = ParsedOption.Number("--lr", "The highest learning rate.", usual.LearningRate);
        var seed = ParsedOption.Number("--seed", "Seed of weights, order and noise.", usual.Seed);
        var command = new ExampledCommand(
            "pretrain",
            "Creates a small BART from random weights by removing noise from texts, for runs without a published checkpoint.",
            SummarizationDescription.Application.ExamplesOf("pretrain")) { data, column, tokenizer, output, size, layers, length, steps, batchSize, rate, seed };
        command.SetAction((line, token) =>
        {
            var settings = new PretrainingSettings
            {
                Output = line.GetRequiredValue(output),
                Tokenizer = line.GetRequiredValue(tokenizer),
                HiddenSize = line.GetValue(size),
                Layers = line.GetValue(layers),
                Length = line.GetValue(length),
                Steps = line.GetValue(steps),
                BatchSize = line.GetValue(batchSize),
                LearningRate = line.GetValue(rate),
                Seed = line.GetValue(seed),
            };
            return Task.FromResult(Run(settings.Validated(), line.GetRequiredValue(data), line.GetRequiredValue(column), line.InvocationConfiguration.Output, token));
        });
        return command;
    }

    private static int Run(PretrainingSettings settings, string data, string column, TextWriter console, CancellationToken cancellation) => LibraryErrors.Explain(() =>
    {
        if (!File.Exists(data) && !Directory.Exists(data))
            throw new UserInputException($"--data: '{data}' does not exist.");
        IReadOnlyList<string> texts = [.. new DocumentFolder(data, null).TrainingFiles.SelectMany(file => DocumentFile.ReadColumn(file, column))];
        var result = BartPretraining.Run(settings, texts, new Lines(console), cancellation);
        if (result.StopReason != StopReason.Completed)
        {
            console.WriteLine($"Stopped after {result.Steps} of {result.TotalSteps} steps; no checkpoint was written.");
            return ExitCode.Cancelled;
        }

        console.WriteLine($"Wrote the checkpoint to {settings.Output} after {result.Elapsed.TotalSeconds:F0} s.");
        return ExitCode.Success;
    });

    private sealed class Lines(TextWriter console) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) =>
            console.WriteLine($"step {value.Step}/{value.TotalSteps}  loss {value.Loss:F3}  {value.SamplesPerSecond:F1} pieces/s  {value.Remaining:hh\\:mm\\:ss} left");
    }
}
