using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Texts;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Instruct.Data;

/// <summary>Rows as tokens.</summary>
internal sealed class RowEncoder(TextTokenizer tokenizer, ChatTemplate? template, TextEnds ends, bool answersOnly)
{
    private static readonly EncodingOptions AsWritten = new() { AddSpecialTokens = false };

    public TextTokenizer Tokenizer => tokenizer;

    public ChatTemplate? Template => template;

    public TextEnds Ends => ends;

    /// <summary>A row to train on.</summary>
    /// <exception cref="FormatException">It can't be; the message says why.</exception>
    public TrainingText Encode(TextRow row) => row switch
    {
        ConversationRow conversation => Conversation(conversation),
        PromptRow { Prompt: var prompt, Completion: var completion } => Text(prompt + completion, answersOnly ? prompt.Length : 0),
        _ => Text(((PlainRow)row).Text, 0),
    };

    /// <summary>What comes before the last answer of a row, and that answer; null for a text without one.</summary>
    /// <exception cref="FormatException">The row can't be encoded; the message says why.</exception>
    public (IReadOnlyList<int> Prompt, string Answer)? Question(TextRow row)
    {
        if (row is PromptRow { Prompt: var prompt, Completion: var completion })
            return (Prompt(prompt), completion);
        if (row is not ConversationRow { Messages: var messages } || messages[^1]!["role"]!.ToString() != "assistant")
            return null;
        var before = new JsonArray([.. messages.Take(messages.Count - 1).Select(message => message!.DeepClone())]);
        return (Chat(() => Required().EncodePrompt(tokenizer, before)), messages[^1]!["content"]?.ToString() ?? "");
    }

    /// <summary>A text that is to be continued. The blank at its end belongs to the first token of what follows.</summary>
    public IReadOnlyList<int> Prompt(string text) => [.. ends.Begin, .. tokenizer.EncodePlain(text.TrimEnd(' '))];

    private TrainingText Conversation(ConversationRow row) => Chat(() => Required().Encode(tokenizer, row.Messages, answersOnly));

    private TrainingText Text(string text, int countedFrom)
    {
        var tokens = tokenizer.EncodeAligned(text, options: AsWritten);
        var ids = new List<int>([.. ends.Begin, .. tokens.Ids, .. ends.End]);
        if (ids.Count == 0)
            throw new FormatException("has no text");
        var counted = Enumerable.Repeat(false, ends.Begin.Count).Concat(tokens.Offsets.Select(place => place.End > countedFrom)).Concat(ends.End.Select(_ => true));
        return new TrainingText(ids, [.. counted]);
    }

    private ChatTemplate Required() =>
        template ?? throw new UserInputException("The rows have messages, but the checkpoint has no chat template; name one with --template.");

    private static T Chat<T>(Func<T> encode)
    {
        try
        {
            return encode();
        }
        catch (Exception e) when (e is ChatTemplateException or ArgumentException)
        {
            throw new FormatException($"the chat template does not take it: {e.Message.TrimEnd('.')}", e);
        }
    }
}
