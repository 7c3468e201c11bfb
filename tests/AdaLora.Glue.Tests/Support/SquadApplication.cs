using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Glue.Demo;
using AdaLora.Squad.Commands;
using AdaLora.Squad.Tasks;
using AdaLora.TestSupport;
using Spectre.Console;

namespace AdaLora.Glue.Tests;

/// <summary>
/// The real application for questions on the demo's encoder, with its output captured, in a folder with made-up data: what was forbidden, as in "the cats must never sleep today .".
/// </summary>
internal sealed class SquadApplication : IDisposable
{
    public const string Question = "is ?";

    private static readonly string[] Answers = ["must never", "should not", "can never", "will not"];

    private readonly TemporaryFolder _folder = new();

    public SquadApplication()
    {
        foreach (var (version, rate) in ((string, double)[])[("v1.1", 0), ("v2.0", 0.4)])
        {
            Write(Path.Combine(Data, $"train-{version}.json"), Articles(1, 240, "train", rate));
            Write(Path.Combine(Data, $"dev-{version}.json"), Articles(2, 60, "dev", rate));
        }
    }

    public string Data => _folder.File("data");

    public string File(params string[] names) => _folder.File(names);

    /// <summary>Trains into the folder <paramref name="output"/>.</summary>
    public (int Code, string Output, string Error) Train(string output, params string[] more)
    {
        string[] usual =
        [
            "--data", Data, "--model", DemoDefaults.EncoderFolder, "--max-length", "32", "--stride", "8", "--initial-rank", "4", "--target-rank", "2", "--lr", "1e-2", "--delta-t", "1",
            "--batch-size", "32", "--epochs", "8", "--threads", "1", "--output", File(output),
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
        var application = SquadDescription.Application;
        IReadOnlyList<Command> commands =
        [
            EvaluateCommand.Create(application, models),
            AnswerCommand.Create(models, new StringReader(input)),
            MergeCommand.Create(application, models),
            CompareCommand.Create(application, new ChildProcessRunner(new ApplicationProgram(typeof(SquadTasks).Assembly))),
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

    /// <summary>Writes articles in SQuAD's format.</summary>
    public static void Write(string path, JsonArray articles) => OutputFile.WriteText(path, new JsonObject { ["version"] = "made up", ["data"] = articles }.ToJsonString());

    /// <summary>Articles of ten sentences with a question each, of which some have no answer.</summary>
    public static JsonArray Articles(int seed, int count, string name, double unanswerable)
    {
        var random = new Random(seed);
        var paragraphs = DemoData.Create(seed, count, 1).Train.Select((sentence, number) => Paragraph(sentence.Text, $"{name}-{number}", random.NextDouble() < unanswerable, random));
        return [.. paragraphs.Chunk(10).Select((some, article) => new JsonObject { ["title"] = $"{name} {article}", ["paragraphs"] = new JsonArray([.. some]) })];
    }

    private static JsonNode Paragraph(string sentence, string id, bool isImpossible, Random random)
    {
        var words = sentence.Split(' ').ToList();
        var place = random.Next(words.Count);
        var answer = Answers[random.Next(Answers.Length)];
        if (!isImpossible)
            words.Insert(place, answer);
        var question = new JsonObject
        {
            ["id"] = id,
            ["question"] = Question,
            ["is_impossible"] = isImpossible,
            ["answers"] = isImpossible ? [] : new JsonArray(new JsonObject { ["text"] = answer, ["answer_start"] = string.Join(' ', words.Take(place).Append("")).Length }),
        };
        return new JsonObject { ["context"] = string.Join(' ', words), ["qas"] = new JsonArray(question) };
    }
}
