using System.Text;
using System.Text.Json;
using AdaLora.Internals;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Chat;

/// <summary>Where a checkpoint keeps its chat template.</summary>
/// <param name="folder">The checkpoint folder.</param>
internal sealed class ChatTemplateFiles(string folder)
{
    private const string TemplateFile = "chat_template.jinja";
    private const string TemplateEntry = "chat_template";
    private const string DefaultName = "default";
    private const string TokenEnding = "_token";

    private readonly string _configPath = Path.Combine(folder, "tokenizer_config.json");
    private JsonElement? _config;

    private JsonElement Config => _config ??= JsonFile.ReadIfThere(_configPath) ?? default;

    /// <exception cref="CheckpointException">A file can't be read, or there is no template with this name.</exception>
    public string? FindSource(string? name)
    {
        if (!Directory.Exists(folder))
            throw new CheckpointException(folder, "does not exist.");
        var path = Path.Combine(folder, TemplateFile);
        if (name is null && File.Exists(path))
            return ReadText(path);
        switch (Config.Member(TemplateEntry))
        {
            case null:
                return name is null ? null : throw Missing(name, []);
            case { ValueKind: JsonValueKind.String } text:
                return name is null or DefaultName ? text.GetString() : throw Missing(name, [DefaultName]);
            case { ValueKind: JsonValueKind.Array } list:
                var named = list.EnumerateArray().Select(entry => (Name: TextOf(entry, "name"), Source: TextOf(entry, "template"))).ToList();
                return named.Find(entry => entry.Name == (name ?? DefaultName)).Source ?? throw Missing(name ?? DefaultName, named.Select(entry => entry.Name));
            default:
                throw new CheckpointException(_configPath, $"has a '{TemplateEntry}' that is neither a text nor a list of templates with names.");
        }
    }

    /// <summary>The special tokens by name, such as bos_token.</summary>
    /// <exception cref="CheckpointException">The file can't be read.</exception>
    public Dictionary<string, string> SpecialTokens()
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Config.ValueKind != JsonValueKind.Object)
            return tokens;
        foreach (var member in Config.EnumerateObject().Where(member => member.Name.EndsWith(TokenEnding, StringComparison.Ordinal)))
        {
            var text = member.Value.ValueKind == JsonValueKind.Object ? member.Value.Text("content") : Config.Text(member.Name);
            if (text is not null)
                tokens[member.Name] = text;
        }

        return tokens;
    }

    private CheckpointException Missing(string name, IEnumerable<string> there) =>
        new(_configPath, $"has no chat template '{name}' (it has {string.Join(", ", there.DefaultIfEmpty("none"))}).");

    private string TextOf(JsonElement entry, string name) =>
        entry.Text(name) ?? throw new CheckpointException(_configPath, $"has an entry of '{TemplateEntry}' without a text '{name}'.");

    /// <exception cref="CheckpointException">The file is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(RegularFile.ReadAllBytes(path));
        }
        catch (DecoderFallbackException e)
        {
            throw new CheckpointException(path, "is not UTF-8.", e);
        }
    }
}
