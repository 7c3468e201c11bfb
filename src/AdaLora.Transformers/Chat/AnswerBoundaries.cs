using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Chat;

/// <summary>Where the messages of the assistant are in the text of a template that does not mark them: the text up to each is rendered without it and with it.</summary>
internal static class AnswerBoundaries
{
    private const string Assistant = "assistant";

    /// <exception cref="ChatTemplateException">The text of the messages before an answer is not the beginning of the whole one.</exception>
    public static List<(int Start, int Length)> Find(ChatTemplate template, JsonArray messages, JsonObject? variables, string whole)
    {
        var answers = new List<(int, int)>();
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i] is not JsonObject message || message["role"]?.ToString() != Assistant)
                continue;
            var before = Render(i, addGenerationPrompt: true);
            var after = i + 1 == messages.Count ? whole : Render(i + 1, addGenerationPrompt: false);
            if (!after.StartsWith(before, StringComparison.Ordinal) || !whole.StartsWith(after, StringComparison.Ordinal))
            {
                throw new ChatTemplateException(
                    $"The template does not show where message {i + 1}, of the assistant, begins and ends: it has no generation blocks, and renders the messages before differently once it follows. "
                    + "Train on whole conversations, or add generation blocks to the template.");
            }

            answers.Add((before.Length, after.Length - before.Length));
        }

        return answers;

        string Render(int count, bool addGenerationPrompt) =>
            template.Render(new JsonArray([.. messages.Take(count).Select(message => message?.DeepClone())]), addGenerationPrompt, variables).Text;
    }
}
