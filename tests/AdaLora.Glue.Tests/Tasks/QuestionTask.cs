using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;

namespace AdaLora.Glue.Tests.Tasks;

/// <summary>Finding an answer in a text, on made-up sentences: what was forbidden, as in "the cats must never sleep today .".</summary>
internal sealed class QuestionTask : ITask
{
    public const string ExactMatch = "exact_match";
    public const string F1 = "f1";

    private static readonly string[] Answers = ["must never", "should not", "can never", "will not"];

    public string Name => "forbidden";

    public string Folder => "Forbidden";

    public string PrimaryMetric => ExactMatch;

    public PaperSettings Paper => PaperSettings.Usual;

    public string? FindProblemOfData(string? path) => null;

    public ITaskData Read(TaskInputs inputs) => new QuestionData(inputs, Examples(1, inputs.Limit ?? 256), Examples(2, 64));

    /// <summary>Contexts with the place of the answer's first word.</summary>
    private static IReadOnlyList<QuestionExample> Examples(int seed, int count)
    {
        var random = new Random(seed);
        return [.. DemoData.Create(seed, count, 1).Train.Select(sentence =>
        {
            var words = sentence.Text.Split(' ').ToList();
            var answer = Answers[random.Next(Answers.Length)];
            words.Insert(random.Next(words.Count), answer);
            return new QuestionExample("is ?", string.Join(' ', words), answer);
        })];
    }
}
