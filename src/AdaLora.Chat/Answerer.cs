using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.AI;

namespace AdaLora.Chat;

/// <summary>Answers one request at a time.</summary>
internal sealed class Answerer(CausalLM model, TextTokenizer tokenizer, AdapterSet? adapters)
{
    /// <param name="request">The request.</param>
    /// <param name="write">Receives the pieces of the answer.</param>
    /// <param name="cancellationToken">Ends it after the current token.</param>
    public void Answer(ChatRequest request, Action<ChatResponseUpdate> write, CancellationToken cancellationToken)
    {
        // Other clients of the same model have threads of their own.
        lock (model)
        {
            _ = adapters?.Select(request.Adapter);
            if (model.training || request.Adapter is not null)
                model.eval();
            Generate(request, write, cancellationToken);
        }
    }

    private void Generate(ChatRequest request, Action<ChatResponseUpdate> write, CancellationToken cancellationToken)
    {
        var (response, decoder, held) = (Guid.NewGuid().ToString("N"), tokenizer.DecodeStream(), new HeldBackText(request.Generation.StopTexts));
        var generator = new TextGenerator(model, request.Generation, ids => tokenizer.Decode(ids, skipSpecialTokens: true));
        var (count, ending) = (0, Ending.MaxLength);
        foreach (var token in generator.Stream([request.Prompt], cancellationToken))
        {
            count++;
            ending = token.Ending ?? ending;
            if (token.Ending != Ending.EndToken && decoder.Add(token.Id) is { } piece)
                WriteText(held.Add(piece));
        }

        WriteText(held.Add(decoder.Finish()) + held.Finish());
        write(Update([new UsageContent(new UsageDetails { InputTokenCount = request.Prompt.Count, OutputTokenCount = count, TotalTokenCount = request.Prompt.Count + count })],
            ending == Ending.MaxLength ? ChatFinishReason.Length : ChatFinishReason.Stop));

        void WriteText(string text)
        {
            if (text.Length > 0)
                write(Update([new TextContent(text)]));
        }

        ChatResponseUpdate Update(IList<AIContent> contents, ChatFinishReason? reason = null) => new(ChatRole.Assistant, contents)
        {
            ResponseId = response,
            MessageId = response,
            ModelId = request.ModelId,
            ConversationId = request.ConversationId,
            FinishReason = reason,
        };
    }
}
