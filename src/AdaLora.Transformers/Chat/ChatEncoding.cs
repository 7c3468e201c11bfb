using System.Text.Json.Nodes;
using AdaLora.Transformers.Texts;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Transformers.Chat;

/// <summary>Conversations as tokens.</summary>
public static class ChatEncoding
{
    // The template writes special tokens itself.
    private static readonly EncodingOptions AsWritten = new() { AddSpecialTokens = false };

    /// <summary>A conversation as a model reads it, up to the beginning of its answer.</summary>
    /// <param name="template">The template.</param>
    /// <param name="tokenizer">The tokenizer of the same checkpoint.</param>
    /// <param name="messages">The messages so far.</param>
    /// <param name="variables">What else the template is given; null for nothing.</param>
    /// <returns>The token ids.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A message is not an object.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, can't handle it, or uses up too much.</exception>
    public static IReadOnlyList<int> EncodePrompt(this ChatTemplate template, TextTokenizer tokenizer, JsonArray messages, JsonObject? variables = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.EncodePlain(template.Render(messages, addGenerationPrompt: true, variables).Text);
    }

    /// <summary>A conversation to train on.</summary>
    /// <param name="template">The template.</param>
    /// <param name="tokenizer">The tokenizer of the same checkpoint.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="answersOnly">
    /// Whether only the model's own messages count in the loss: what the template marks by generation blocks, or if it has none, what each message of the assistant adds to the text behind the
    /// beginning of an answer. A token counts if any of its text does.
    /// </param>
    /// <param name="variables">What else the template is given; null for nothing.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A message is not an object, or the conversation has no text.</exception>
    /// <exception cref="ChatTemplateException">
    /// The template refuses the conversation, can't handle it, uses up too much, or does not show where messages of the assistant are: it has no generation blocks, and renders the messages before
    /// one differently once that follows.
    /// </exception>
    public static TrainingText Encode(this ChatTemplate template, TextTokenizer tokenizer, JsonArray messages, bool answersOnly = true, JsonObject? variables = null)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var rendering = template.Render(messages, addGenerationPrompt: false, variables);
        if (!answersOnly)
            return new TrainingText(tokenizer.EncodePlain(rendering.Text));
        var answers = template.MarksGeneration ? rendering.Generated : AnswerBoundaries.Find(template, messages, variables, rendering.Text);
        return Mark(tokenizer, rendering.Text, answers);
    }

    /// <summary>A text of which parts count.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">The text, with its special tokens written out.</param>
    /// <param name="parts">The parts, in UTF-16 code units and in their order.</param>
    internal static TrainingText Mark(TextTokenizer tokenizer, string text, IReadOnlyList<(int Start, int Length)> parts)
    {
        var tokens = tokenizer.EncodeAligned(text, options: AsWritten);
        var counted = new bool[tokens.Length];
        foreach (var (start, length) in parts.Where(part => part.Length > 0))
        {
            // From the token of the first character to that of the last, whatever is between.
            var first = FindToken(tokens.Offsets, start);
            var last = FindToken(tokens.Offsets, start + length - 1);
            if (first >= 0 && last >= first)
                counted.AsSpan(first, last - first + 1).Fill(true);
        }

        return new TrainingText(tokens.Ids, counted);
    }

    // The token that holds a character; that behind it if no token does.
    private static int FindToken(IReadOnlyList<(int Start, int End)> offsets, int character)
    {
        for (var token = 0; token < offsets.Count; token++)
        {
            if (offsets[token].End > character)
                return token;
        }

        return offsets.Count - 1;
    }
}
