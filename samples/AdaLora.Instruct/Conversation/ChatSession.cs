using System.Text.Json.Nodes;
using AdaLora.Instruct.Data;
using AdaLora.Transformers.Chat;

namespace AdaLora.Instruct.Conversation;

/// <summary>A conversation on a console. Without a chat template, every line is a prompt of its own that is continued.</summary>
/// <param name="writer">Answers.</param>
/// <param name="encoder">Turns the conversation into tokens.</param>
/// <param name="system">What the model is told first; null for nothing.</param>
/// <param name="input">Where the user writes.</param>
/// <param name="output">Where answers go.</param>
/// <param name="error">Where everything else goes.</param>
internal sealed class ChatSession(AnswerWriter writer, RowEncoder encoder, string? system, TextReader input, TextWriter output, TextWriter error)
{
    private readonly JsonArray _messages = [];

    /// <param name="interrupts">Ends an answer, and nothing else.</param>
    public void Run(AnswerInterrupts interrupts)
    {
        error.WriteLine("Write something; /reset begins anew, /quit or the end of the input ends the conversation, Ctrl-C an answer.");
        if (encoder.Template is null)
            error.WriteLine("The checkpoint has no chat template: every line is continued as it is.");
        Reset();
        while (true)
        {
            error.Write("> ");
            error.Flush();
            var line = input.ReadLine();
            switch (line?.Trim())
            {
                case null or "/quit":
                    return;
                case "":
                    break;
                case "/reset":
                    Reset();
                    error.WriteLine("(a new conversation)");
                    break;
                default:
                    interrupts.During(stop => Answer(line, stop));
                    break;
            }
        }
    }

    private void Reset()
    {
        _messages.Clear();
        if (system is not null)
            Add("system", system);
    }

    private void Answer(string line, CancellationToken stop)
    {
        Add("user", line);
        try
        {
            var prompt = encoder.Template is { } template ? template.EncodePrompt(encoder.Tokenizer, _messages) : encoder.Prompt(line);
            var (text, _, _) = writer.Answer(prompt, Write, stop);
            output.WriteLine();
            // What was said until it was stopped is part of the conversation.
            Add("assistant", text);
        }
        catch (Exception e) when (e is ChatTemplateException or ArgumentException)
        {
            error.WriteLine($"{e.Message} Use /reset to begin anew.");
            _messages.RemoveAt(_messages.Count - 1);
        }
    }

    private void Write(string piece)
    {
        output.Write(piece);
        output.Flush();
    }

    private void Add(string role, string content) => _messages.Add(new JsonObject { ["role"] = role, ["content"] = content });
}
