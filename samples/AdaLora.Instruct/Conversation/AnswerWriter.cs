using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Instruct.Conversation;

/// <summary>Generates an answer and hands it out piece by piece.</summary>
internal sealed class AnswerWriter(CausalLM model, TextTokenizer tokenizer, GenerationOptions options)
{
    /// <param name="prompt">The token ids before the answer.</param>
    /// <param name="write">Receives the pieces.</param>
    /// <param name="cancellation">Ends the answer after the current token.</param>
    /// <returns>The answer, the number of its tokens, and why it ended; null if it was cancelled.</returns>
    public (string Text, int Tokens, Ending? Ending) Answer(IReadOnlyList<int> prompt, Action<string> write, CancellationToken cancellation)
    {
        model.eval();
        var (text, count, ending, decoder) = ("", 0, (Ending?)null, tokenizer.DecodeStream());
        foreach (var token in new TextGenerator(model, options).Stream([prompt]))
        {
            count++;
            ending = token.Ending;
            if (token.Ending != Ending.EndToken && decoder.Add(token.Id) is { } piece)
                Write(piece);
            if (cancellation.IsCancellationRequested)
                break;
        }

        Write(decoder.Finish());
        return (text, count, ending);

        void Write(string piece)
        {
            text += piece;
            if (piece.Length > 0)
                write(piece);
        }
    }
}
