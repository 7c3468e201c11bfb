using AdaLora.Experiments.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Tasks;

/// <summary>Questions and texts as tokens, with the first and the last token of each answer.</summary>
internal sealed class QuestionData : ITaskData
{
    private readonly TaskInputs _inputs;
    private readonly IReadOnlyList<(TokenizedText Text, int Start, int End)> _training;

    public QuestionData(TaskInputs inputs, IReadOnlyList<QuestionExample> training, IReadOnlyList<QuestionExample> dev)
    {
        _inputs = inputs;
        Tokenizer = TextTokenizer.FromFolder(inputs.Checkpoint);
        _training = inputs.Sets.HasFlag(DataSets.Training) ? [.. training.Select(Encode)] : [];
        Dev = inputs.Sets.HasFlag(DataSets.Dev) ? [.. dev.Select(Encode)] : [];
    }

    public TextTokenizer Tokenizer { get; }

    public IReadOnlyList<(TokenizedText Text, int Start, int End)> Dev { get; }

    public int Count => _training.Count;

    public (TokenizedText Text, int Start, int End) this[int example] => _training[example];

    public int LengthOf(int example) => _training[example].Text.Length;

    public TokenizedText Encode(string question, string context) => Tokenizer.Encode(question, context, _inputs.MaxLength);

    public ITaskModel LoadModel(Device device, ILogger? logger = null) =>
        new QuestionModel(this, AutoModel.QuestionAnswerer(_inputs.Checkpoint, new PretrainedOptions { Device = device, Seed = _inputs.Seed, Logger = logger ?? NullLogger.Instance }));

    private (TokenizedText Text, int Start, int End) Encode(QuestionExample example)
    {
        var text = Encode(example.Question, example.Context);
        // Without the tokens that stand around a text.
        var answer = Tokenizer.Encode(example.Answer).Ids.ToArray()[1..^1];
        var start = text.Ids.ToArray().AsSpan().IndexOf(answer);
        return (text, start, start + answer.Length - 1);
    }
}
