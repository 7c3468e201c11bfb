using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Glue.Demo;
using AdaLora.Summarization.Commands;
using AdaLora.Summarization.Tasks;
using AdaLora.TestSupport;
using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bart;
using AdaLora.Transformers.Tokenization;
using Spectre.Console;

namespace AdaLora.Glue.Tests;

/// <summary>The real application for summaries on a tiny random model, with its output captured, in a folder with made-up data: whatever the text, the summary is one of two sentences.</summary>
internal sealed class SummarizationApplication : IDisposable
{
    public const string Summary = "the cats sleep .";

    private readonly TemporaryFolder _folder = new();

    public SummarizationApplication()
    {
        var tokenizer = TextTokenizer.FromFolder(DemoDefaults.EncoderFolder);
        var ends = tokenizer.Encode("").Ids;
        Save(
            new BartConfig
            {
                VocabularySize = tokenizer.VocabularySize,
                HiddenSize = 32,
                Layers = 1,
                Heads = 2,
                IntermediateSize = 64,
                MaxPositions = 32,
                HiddenDropout = 0,
                BeginId = ends[0],
                EndIds = [ends[^1]],
                PadId = tokenizer.PadId,
                DecoderStartId = ends[^1],
                ForcedEndId = ends[^1],
                InitializerRange = 0.1,
            },
            "bart");
        Directory.CreateDirectory(Data);
        foreach (var (name, seed, count) in ((string, int, int)[])[("train", 1, 64), ("dev", 2, 20)])
            Write($"data/{name}.jsonl", [.. DemoData.Create(seed, count, 1).Train.Select(sentence => (sentence.Text, Summary))]);
    }

    public string Data => File("data");

    public string File(params string[] names) => _folder.File(names);

    /// <summary>Writes a random model with the demo's tokenizer.</summary>
    public void Save(EncoderDecoderConfig config, string name)
    {
        using var model = AutoModel.NewSeq2SeqLM(config, seed: 1);
        model.SaveCheckpoint(File(name), DemoDefaults.EncoderFolder);
    }

    /// <summary>Writes a data set as JSON lines.</summary>
    public void Write(string name, IReadOnlyList<(string Text, string Summary)> rows) =>
        OutputFile.WriteText(File(name), string.Concat(rows.Select(row => new JsonObject { ["document"] = row.Text, ["summary"] = row.Summary }.ToJsonString() + "\n")));

    /// <summary>Trains into the folder <paramref name="output"/>.</summary>
    public (int Code, string Output, string Error) Train(string output, params string[] more)
    {
        string[] usual =
        [
            "--task", "xsum", "--data", Data, "--model", File("bart"), "--max-source-length", "24", "--max-target-length", "8", "--min-target-length", "0", "--beams", "2", "--initial-rank", "4",
            "--target-rank", "2", "--lr", "1e-2", "--delta-t", "1", "--batch-size", "16", "--epochs", "1", "--threads", "1", "--output", File(output),
        ];
        return Run(["train", .. usual.Chunk(2).Where(pair => !more.Contains(pair[0])).SelectMany(pair => pair), .. more]);
    }

    public (int Code, string Output, string Error) Run(params string[] args) => Ask("", args);

    /// <summary>Runs a command with something on its standard input.</summary>
    public (int Code, string Output, string Error) Ask(string input, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var models = new ModelFolder();
        var application = SummarizationDescription.Application;
        IReadOnlyList<Command> commands =
        [
            EvaluateCommand.Create(application, models),
            GenerateCommand.Create(models, new StringReader(input)),
            MergeCommand.Create(application, models),
            CompareCommand.Create(application, new ChildProcessRunner(new ApplicationProgram(typeof(SummarizationTasks).Assembly))),
            PretrainCommand.Create(),
        ];
        var services = new ApplicationServices
        {
            Description = application,
            Runner = new Runner(models),
            Console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) }),
            Error = error,
            MoreCommands = commands,
        };
        return (new Application(services).Run(args, CancellationToken.None), output.ToString(), error.ToString());
    }

    public void Dispose() => _folder.Dispose();
}
