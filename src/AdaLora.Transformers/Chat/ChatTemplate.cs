using System.Text.Json.Nodes;
using AdaLora.Transformers.Chat.Jinja;
using AdaLora.Transformers.Chat.Jinja.Functions;
using AdaLora.Transformers.Chat.Jinja.Statements;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Chat;

/// <summary>
/// Turns conversations into the text that a model was trained with: the Jinja template of its checkpoint, rendered as transformers renders it. A template can read what it is given, and nothing
/// else; what it uses up is limited. Immutable: any number of threads may render with one at the same time.
/// </summary>
public sealed class ChatTemplate
{
    private readonly Block _body;
    private readonly IReadOnlyDictionary<string, string> _specialTokens;

    private ChatTemplate(string source, Block body, IReadOnlyDictionary<string, string> specialTokens) => (Source, _body, _specialTokens) = (source, body, specialTokens);

    /// <summary>The template.</summary>
    public string Source { get; }

    /// <summary>Whether the template marks what the model writes, by generation blocks.</summary>
    public bool MarksGeneration => TemplateCutter.Cut(Source).Any(token => token.Is(TokenKind.Name, "generation"));

    /// <summary>What a rendering may use up.</summary>
    public ChatTemplateLimits Limits { get; private init; } = new();

    /// <summary>Tells templates the time.</summary>
    public TimeProvider Clock { get; private init; } = TimeProvider.System;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template.</param>
    /// <param name="specialTokens">Texts that it knows by name, such as bos_token; null for none.</param>
    /// <param name="limits">What a rendering may use up; null for the defaults.</param>
    /// <param name="clock">Tells it the time; null for the system's.</param>
    /// <returns>The template.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="source"/> is null.</exception>
    /// <exception cref="ArgumentException">A limit is out of range.</exception>
    /// <exception cref="ChatTemplateException">It is not a template, or uses something that is not supported; line and column are given.</exception>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string>? specialTokens = null, ChatTemplateLimits? limits = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        limits ??= new ChatTemplateLimits();
        limits.Validate();
        return new ChatTemplate(source, TemplateParser.Parse(source), specialTokens ?? new Dictionary<string, string>()) { Limits = limits, Clock = clock ?? TimeProvider.System };
    }

    /// <summary>Reads the template of a checkpoint: chat_template.jinja, or else what tokenizer_config.json says.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="name">Which one, if tokenizer_config.json has several: "default", if it is left out.</param>
    /// <returns>The template, or null if the checkpoint has none.</returns>
    /// <exception cref="ArgumentException"><paramref name="folder"/> is null or empty.</exception>
    /// <exception cref="CheckpointException">A file can't be read, or there is no template with this name.</exception>
    /// <exception cref="ChatTemplateException">It is not a template, or uses something that is not supported; line and column are given.</exception>
    public static ChatTemplate? FromFolder(string folder, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var files = new ChatTemplateFiles(folder);
        return files.FindSource(name) is { } source ? Parse(source, files.SpecialTokens()) : null;
    }

    /// <summary>Reads a template from a file of its own, for a checkpoint that has none, or another one.</summary>
    /// <param name="path">The file with the template.</param>
    /// <param name="folder">The checkpoint folder, which names the special tokens.</param>
    /// <returns>The template.</returns>
    /// <exception cref="ArgumentException">A path is null or empty.</exception>
    /// <exception cref="CheckpointException">The file is not UTF-8, or a file of the checkpoint can't be read.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="ChatTemplateException">It is not a template, or uses something that is not supported; line and column are given.</exception>
    public static ChatTemplate FromFile(string path, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Parse(ChatTemplateFiles.ReadText(path), new ChatTemplateFiles(folder).SpecialTokens());
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The messages, each an object with role and content, and what else the template knows. What is null in a message counts as absent.</param>
    /// <param name="addGenerationPrompt">Whether the beginning of an answer is added.</param>
    /// <param name="variables">What else the template is given, such as tools; null for nothing.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="messages"/> is null.</exception>
    /// <exception cref="ArgumentException">A message is not an object.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, can't handle it, or uses up too much.</exception>
    public ChatRendering Render(JsonArray messages, bool addGenerationPrompt = false, JsonObject? variables = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var scope = new Scope(null);
        Globals.AddTo(scope);
        foreach (var (name, token) in _specialTokens)
            scope[name] = token;
        scope["messages"] = messages.Select(message => message is JsonObject found
            ? (object?)JsonValues.Message(found)
            : throw new ArgumentException("A message is not an object with role and content.", nameof(messages))).ToList();
        scope["add_generation_prompt"] = addGenerationPrompt;
        // As in transformers, where they are always passed.
        scope["tools"] = null;
        scope["documents"] = null;
        foreach (var (name, value) in variables ?? [])
            scope[name] = JsonValues.Of(value);
        var run = new Run(Limits, Clock);
        _ = _body.Execute(run, new Scope(scope));
        return new ChatRendering(run.Text, run.Generated);
    }
}
