using AdaLora.Transformers.Tokenization;

namespace AdaLora.Squad.Tasks;

/// <summary>A question with a part of its text, as tokens.</summary>
/// <param name="Question">The number of the question among those of its set.</param>
/// <param name="Tokens">Both, with special tokens.</param>
/// <param name="Start">The place of the answer's first token; 0, the token in front of everything, if this part does not hold the answer.</param>
/// <param name="End">The place of its last token; 0 likewise.</param>
internal sealed record QuestionWindow(int Question, AlignedTokens Tokens, int Start, int End);
