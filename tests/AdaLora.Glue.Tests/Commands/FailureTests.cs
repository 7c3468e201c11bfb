using System.Runtime.InteropServices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class FailureTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("--task", "colla", "Unknown task 'colla'", "sst2")]
    [InlineData("--method", "dora", "Unknown method 'dora'", "svd-lora")]
    [InlineData("--seed", "one", "--seed", "whole number")]
    [InlineData("--seed", "-1", "--seed", "at least 0")]
    [InlineData("--epochs", "2.5", "--epochs", "whole number")]
    [InlineData("--batch-size", "0", "--batch-size", "at least 1")]
    [InlineData("--lr", "1,5", "--lr", "number such as 0.5")]
    [InlineData("--lr", "0", "--lr", "above 0")]
    [InlineData("--dropout", "1", "--dropout", "below 1")]
    [InlineData("--target-rank", "13", "--target-rank", "at most the initial rank 12")]
    [InlineData("--tinit", "1.5", "--tinit", "whole number of steps")]
    [InlineData("--tinit", "0.5", "--tinit", "leave no steps")]
    [InlineData("--precision", "half", "unknown precision 'half'", "float32, tf32, bfloat16, float16")]
    [InlineData("--layers", "2-1", "--layers", "0-2,5")]
    [InlineData("--layers", "x", "--layers", "0-2,5")]
    [InlineData("--data", "absent", "the folder 'absent' does not exist", "CoLA")]
    [InlineData("--model", "absent", "the folder 'absent' does not exist", "config.json")]
    [InlineData("--model", "owner/../name", "the folder 'owner/../name' does not exist", "Hugging Face hub")]
    [InlineData("--colour", "red", "--colour", "--help")]
    public void Bad_input_gets_one_line_and_code_2(string option, string argument, string what, string remedy)
    {
        var code = _line.Train(option, argument);

        Assert.Equal(ExitCode.BadInput, code);
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
        Assert.Contains(what, _line.ErrorText);
        Assert.Contains(remedy, _line.ErrorText);
        Assert.Empty(_line.OutputText);
        Assert.Empty(_line.Runner.Asked);
    }

    [Fact]
    public void All_problems_are_listed_at_once()
    {
        Assert.Equal(ExitCode.BadInput, _line.Train("--epochs", "0", "--gamma", "-1", "--tfinal", "2.5", "--model", "absent"));

        Assert.All((string[])["--epochs", "--gamma", "--tfinal", "--model"], name => Assert.Contains(name, _line.ErrorText));
    }

    [Fact]
    public void Missing_options_are_named()
    {
        Assert.Equal(ExitCode.BadInput, _line.Run("train"));

        Assert.All((string[])["--task", "--data", "--model"], name => Assert.Contains(name, _line.ErrorText));
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Unknown_command_is_bad_input()
    {
        Assert.Equal(ExitCode.BadInput, _line.Run("tarin"));
        Assert.Contains("tarin", _line.ErrorText);
        Assert.Empty(_line.Runner.Asked);
    }

    [Fact]
    public void Input_that_the_runner_refuses_is_bad_input()
    {
        _line.Runner.BeforeStep = _ => throw new UserInputException("The checkpoint is a GPT-2; give a BERT.");

        Assert.Equal(ExitCode.BadInput, _line.Train());
        Assert.Equal("The checkpoint is a GPT-2; give a BERT.", _line.ErrorText.TrimEnd());
    }

    /// <summary>During training, with a checkpoint that was made before.</summary>
    [Fact]
    public void A_card_without_memory_is_one_line_that_names_the_last_checkpoint()
    {
        var checkpoints = Directory.CreateDirectory(Path.Combine(_line.Output, "checkpoints"));
        _line.Runner.BeforeStep = step =>
        {
            File.WriteAllText(Path.Combine(checkpoints.FullName, $"checkpoint-{step}-0123.safetensors"), "weights");
            if (step == 3)
                _ = LibraryErrors.Explain<int>(() => throw new ExternalException("CUDA out of memory. Tried to allocate 20.00 MiB."));
        };

        Assert.Equal(ExitCode.BadInput, _line.Train());
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
        Assert.Contains("Tried to allocate 20.00 MiB. Lower --batch-size", _line.ErrorText);
        Assert.Contains("--resume continues from", _line.ErrorText);
        Assert.Contains("checkpoint-3-0123.safetensors", _line.ErrorText);
    }

    [Fact]
    public void A_card_without_memory_is_one_line_for_other_commands()
    {
        _line.MoreCommands = [new System.CommandLine.Command("evaluate")];
        _line.MoreCommands[0].SetAction((Func<System.CommandLine.ParseResult, int>)(_ => throw new ExternalException("CUDA out of memory. Tried to allocate 20.00 MiB.")));

        Assert.Equal(ExitCode.BadInput, _line.Run("evaluate"));
        Assert.Equal("Out of memory: CUDA out of memory. Tried to allocate 20.00 MiB. Use another device with --device.", _line.ErrorText.TrimEnd());
    }

    [Fact]
    public void Other_failures_are_told_in_full_with_code_1()
    {
        _line.Runner.BeforeStep = _ => throw new InvalidOperationException("broken");

        Assert.Equal(ExitCode.Failure, _line.Train());
        Assert.Contains("InvalidOperationException: broken", _line.ErrorText);
        Assert.Contains(nameof(FakeRunner), _line.ErrorText);
    }

    [Fact]
    public void An_output_folder_that_cannot_be_made_is_a_failure_before_training()
    {
        File.WriteAllText(_line.Path("file"), "");

        Assert.Equal(ExitCode.Failure, _line.Train("--output", _line.Path("file", "below")));
        Assert.Empty(_line.Runner.Asked);
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
    }
}
