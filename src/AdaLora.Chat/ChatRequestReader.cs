using System.Text.Json.Nodes;
using AdaLora.Transformers.Chat;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.AI;

namespace AdaLora.Chat;

/// <summary>Understands requests, or says what it does not understand in them.</summary>
internal sealed class ChatRequestReader(CausalLM model, TextTokenizer tokenizer, ChatTemplate template, AdapterSet? adapters, string? modelId)
{
    // Beams have no pieces before their end, and there is one answer.
    private const int DefaultNewTokens = 512;

    /// <exception cref="ArgumentException">There is no message, an option is out of range, or the model id names no adapter.</exception>
    /// <exception cref="NotSupportedException">A message has something other than text, or an option that can't be followed is set.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or can't handle it.</exception>
    public ChatRequest Read(IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        if (messages.Count == 0)
            throw new ArgumentException("There is no message.", nameof(messages));
        RequireSupport(options);
        var conversation = new JsonArray();
        if (options?.Instructions is { Length: > 0 } instructions)
            conversation.Add((JsonNode)MessageOf(ChatRole.System.Value, instructions));
        foreach (var message in messages)
            conversation.Add((JsonNode)MessageOf(message.Role.Value, TextOf(message)));
        var generation = GenerationFor(options);
        generation.Validate();
        var adapter = AdapterOf(options?.ModelId);
        return new ChatRequest(template.EncodePrompt(tokenizer, conversation), generation, adapter, adapter ?? modelId, options?.ConversationId);
    }

    private GenerationOptions GenerationFor(ChatOptions? options)
    {
        var generation = model.Generation with { Beams = 1, Returned = 1 };
        generation = generation with { MaxNewTokens = options?.MaxOutputTokens ?? generation.MaxNewTokens ?? DefaultNewTokens, MaxLength = null };
        if (options is null)
            return generation;
        if (options.StopSequences is { Count: > 0 } stops)
            generation = generation with { StopTexts = [.. stops] };
        if (options.Seed is { } seed)
            generation = generation with { Seed = seed };
        if (options.TopK is { } topK)
            generation = generation with { TopK = topK };
        if (options.TopP is { } topP)
            generation = generation with { TopP = topP };
        // A temperature of 0 means the likeliest tokens; another one, that they are drawn.
        return options.Temperature switch
        {
            null => options.TopK is not null || options.TopP is not null ? generation with { Samples = true } : generation,
            0 => generation with { Samples = false },
            var temperature => generation with { Samples = true, Temperature = (double)temperature.Value },
        };
    }

    private string? AdapterOf(string? name)
    {
        if (name is null || (name == modelId && adapters?.Names.Contains(name) != true))
            return null;
        return adapters?.Names.Contains(name) == true
            ? name
            : throw new ArgumentException($"There is no adapter '{name}' (there is {string.Join(", ", (adapters?.Names ?? []).DefaultIfEmpty("none"))}).", nameof(ChatOptions.ModelId));
    }

    private static void RequireSupport(ChatOptions? options)
    {
        if (options is null)
            return;
        var unsupported = new List<string>();
        if (options.Tools is { Count: > 0 })
            unsupported.Add(nameof(options.Tools));
        if (options.ResponseFormat is not (null or ChatResponseFormatText))
            unsupported.Add(nameof(options.ResponseFormat));
        if (options.FrequencyPenalty is not (null or 0))
            unsupported.Add(nameof(options.FrequencyPenalty));
        if (options.PresencePenalty is not (null or 0))
            unsupported.Add(nameof(options.PresencePenalty));
        if (unsupported.Count > 0)
            throw new NotSupportedException($"{string.Join(", ", unsupported)} of the options can't be followed here; leave them out.");
    }

    private static JsonObject MessageOf(string role, string text) => new() { ["role"] = role, ["content"] = text };

    private static string TextOf(ChatMessage message) =>
        message.Contents.FirstOrDefault(content => content is not (TextContent or UsageContent)) is { } other
            ? throw new NotSupportedException($"A message has {other.GetType().Name}; only text can be read here.")
            : message.Text;
}
