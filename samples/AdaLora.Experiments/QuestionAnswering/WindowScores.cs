namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>What a model said about one window of a question's context.</summary>
/// <param name="Offsets">The part of the context that each token comes from, in UTF-16 units; null for the question's tokens, special ones and padding.</param>
/// <param name="Starts">How likely each token is the first of the answer; place 0 stands for "no answer".</param>
/// <param name="Ends">How likely each is the last.</param>
internal sealed record WindowScores(IReadOnlyList<(int Start, int End)?> Offsets, IReadOnlyList<double> Starts, IReadOnlyList<double> Ends);
