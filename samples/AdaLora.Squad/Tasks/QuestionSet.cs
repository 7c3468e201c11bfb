using AdaLora.Squad.Data;

namespace AdaLora.Squad.Tasks;

/// <summary>Questions with their windows, those of one question next to each other.</summary>
internal sealed record QuestionSet(IReadOnlyList<SquadQuestion> Questions, IReadOnlyList<QuestionWindow> Windows)
{
    public static QuestionSet Empty { get; } = new([], []);

    /// <summary>Some of the windows, with their questions.</summary>
    public QuestionSet Of(IReadOnlyList<int> windows)
    {
        var numbers = windows.Select(window => Windows[window].Question).Distinct().Order().ToList();
        var places = numbers.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        return new QuestionSet([.. numbers.Select(number => Questions[number])], [.. windows.Order().Select(window => Windows[window] with { Question = places[Windows[window].Question] })]);
    }
}
