using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Processes;
using AdaLora.Squad.Data;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Squad.Tasks;

/// <summary>Questions, texts and answers as tokens.</summary>
internal sealed class SquadData : ITaskData
{
    private const string Titles = "titles";
    private const int ShownTitles = 5;

    private readonly TaskInputs _inputs;

    public SquadData(SquadTask task, TaskInputs inputs)
    {
        (Task, _inputs) = (task, inputs);
        Tokenizer = TextTokenizer.FromFolder(inputs.Checkpoint);
        Encoder = new QuestionEncoder(Tokenizer, inputs.MaxLength, inputs.Options.Get(SquadOptions.Stride));
        Search = new AnswerSearch(inputs.Options.Get(SquadOptions.BestCount), inputs.Options.Get(SquadOptions.MaxAnswerLength), task.AllowsNone);
        var folder = new SquadFolder(inputs.Data, inputs.Options.Get(SquadOptions.Dev), task.Version);
        Found = inputs.Found;
        if (inputs.Sets.HasFlag(DataSets.Training))
        {
            var questions = Read(folder.TrainingFile);
            Found = new JsonObject { [Titles] = new JsonArray([.. TitlesOf(questions).Select(title => (JsonNode)title)]) };
            Training = Encode(questions, "training set");
        }

        if (inputs.Sets.HasFlag(DataSets.Dev) && DevFile(folder) is { } dev)
            Dev = Encode(New(Read(dev), dev), "dev set");
    }

    public SquadTask Task { get; }

    public TextTokenizer Tokenizer { get; }

    public QuestionEncoder Encoder { get; }

    public AnswerSearch Search { get; }

    public double NullThreshold => _inputs.Options.Get(SquadOptions.NullThreshold);

    public string Checkpoint => _inputs.Checkpoint;

    /// <summary>The processes that evaluate together.</summary>
    public IProcessGroup Group => _inputs.Group;

    public QuestionSet Training { get; } = QuestionSet.Empty;

    public QuestionSet Dev { get; } = QuestionSet.Empty;

    /// <summary>Windows, each of which is an example.</summary>
    public int Count => Training.Windows.Count;

    public JsonObject? Found { get; }

    public int LengthOf(int example) => Training.Windows[example].Tokens.Length;

    public int GroupOf(int example) => Training.Questions[Training.Windows[example].Question].Passage.Number;

    public ITaskModel LoadModel(Device device, ILogger? logger = null)
    {
        var model = AutoModel.QuestionAnswerer(Checkpoint, new PretrainedOptions { Device = device, Dtype = _inputs.Dtype, Seed = _inputs.Seed, Logger = logger ?? NullLogger.Instance });
        try
        {
            VocabularyFit.Check(Tokenizer, model.Encoder.Config.VocabularySize, Checkpoint);
            return new SquadModel(this, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static IEnumerable<string> TitlesOf(IEnumerable<SquadQuestion> questions) => questions.Select(question => question.Passage.Title).Where(title => title.Length > 0).Distinct();

    private string? DevFile(SquadFolder folder)
    {
        // Nothing else is evaluated on then.
        if (_inputs.Sets.HasFlag(DataSets.Training) && _inputs.Options.Get(RunOptions.HeldOut) > 0)
            return null;
        return folder.DevFile ?? throw new UserInputException($"'{folder.Data}' is a training set; add a dev set with {SquadOptions.Dev}, or keep a part aside with {RunOptions.HeldOut} 0.1.");
    }

    private IReadOnlyList<SquadQuestion> Read(string file)
    {
        var questions = SquadFile.Read(file);
        if (!Task.AllowsNone && questions.Count(question => question.Answers.Count == 0) is > 0 and var none)
            throw new UserInputException($"{file}: {none} of {questions.Count} questions have no answer; use {SquadOptions.Version} 2.");
        return [.. questions.Take(_inputs.Limit ?? int.MaxValue)];
    }

    // Without the articles of the training set, if that is asked for.
    private IReadOnlyList<SquadQuestion> New(IReadOnlyList<SquadQuestion> questions, string file)
    {
        var known = Found?[Titles] is JsonArray titles ? titles.Select(title => title!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) : [];
        var shared = TitlesOf(questions).Where(known.Contains).ToList();
        if (shared.Count == 0)
            return questions;
        var shown = string.Join(", ", shared.Take(ShownTitles)) + (shared.Count > ShownTitles ? ", …" : "");
        var all = TitlesOf(questions).Count();
        if (!_inputs.Options.Get(SquadOptions.NewTitles))
        {
            _inputs.Reporter.Note($"{shared.Count} of {all} articles of {file} are in the training set too ({shown}); {SquadOptions.NewTitles} leaves them out");
            return questions;
        }

        IReadOnlyList<SquadQuestion> left = [.. questions.Where(question => !known.Contains(question.Passage.Title))];
        _inputs.Reporter.Note($"left out {shared.Count} of {all} articles of {file} that are in the training set too ({shown}); {left.Count} of {questions.Count} questions are left");
        return left.Count > 0 ? left : throw new UserInputException($"{file}: all articles are in the training set too; omit {SquadOptions.NewTitles}.");
    }

    private QuestionSet Encode(IReadOnlyList<SquadQuestion> questions, string name)
    {
        var windows = Encoder.Encode(questions, new TokenizingBridge(_inputs.Reporter, name, questions.Count), _inputs.Cancellation);
        var held = windows.Where(window => window.End > 0).Select(window => window.Question).Distinct().Count();
        var answered = questions.Count(question => question.Answers.Count > 0);
        _inputs.Reporter.Note(
            $"{name}: {questions.Count} questions in {windows.Count} windows{(held < answered ? $"; no window holds all of the answer to {answered - held} of them" : "")}");
        return new QuestionSet(questions, windows);
    }
}
