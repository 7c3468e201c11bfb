using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization.Files;
using AdaLora.Transformers.Tokenization.Pipeline;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Pre-tokenizers of tokenizer.json, with the pieces of the library tokenizers.</summary>
public sealed class PreTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Delimiters_go_where_the_behavior_says(string behavior, string pieces)
    {
        Assert.Equal(pieces, Cut($$"""{ "type": "Split", "pattern": { "String": "-" }, "behavior": "{{behavior}}", "invert": false }""", "the-final--countdown"));
        Assert.Equal(pieces, Cut($$"""{ "type": "Punctuation", "behavior": "{{behavior}}" }""", "the-final--countdown"));
    }

    [Theory]
    [InlineData("""{ "type": "Whitespace" }""", "Hey friend!  How's 3½?", "Hey|friend|!|How|'|s|3|½?")]
    [InlineData("""{ "type": "WhitespaceSplit" }""", " Hey\u3000friend! ", "Hey|friend!")]
    [InlineData("""{ "type": "Digits", "individual_digits": true }""", "a12 ½b", "a|1|2| |½|b")]
    [InlineData("""{ "type": "Digits" }""", "a12 ½b", "a|12| |½|b")]
    [InlineData("""{ "type": "CharDelimiterSplit", "delimiter": "x" }""", "axxbx", "a|b")]
    [InlineData("""{ "type": "Metaspace" }""", "Hey  you", "▁Hey|▁|▁you")]
    [InlineData("""{ "type": "Metaspace", "prepend_scheme": "never", "split": false }""", "Hey you", "Hey▁you")]
    [InlineData("""{ "type": "Sequence", "pretokenizers": [{ "type": "WhitespaceSplit" }, { "type": "Metaspace", "prepend_scheme": "first" }] }""", "Hey you", "▁Hey|you")]
    [InlineData("""{ "type": "ByteLevel", "add_prefix_space": true }""", "é's \n", "ĠÃ©|'s|ĠĊ")]
    [InlineData("""{ "type": "Split", "pattern": { "Regex": "\\p{Lu}\\p{Ll}*+|[^\\s_\\p{Lu}-]+?" }, "behavior": "Removed", "invert": true }""",
        "HelloWorld-ab_\ud801\udc00\ud801\udc28", "Hello|World|a|b|\ud801\udc00\ud801\udc28")]
    [InlineData("""{ "type": "Split", "pattern": { "Regex": "(?i:'ks)|[ab[c-e]]{2}|\\x{4E2D}" }, "behavior": "Isolated" }""", "'\u212a\u017fcexa中", "'\u212a\u017f|ce|xa|中")]
    public void Pieces_are_those_of_the_reference(string definition, string text, string pieces) => Assert.Equal(pieces, Cut(definition, text));

    private string Cut(string definition, string text)
    {
        var work = new Workspace();
        work.Text.Load(text, 0);
        work.Pieces.Add(new Piece(0, work.Text.Length));
        using var document = JsonDocument.Parse(definition);
        foreach (var preTokenizer in new PreTokenizerReader(TokenizerFolder.Open(_folder.Path), "tokenizer.json").Read(document.RootElement))
            preTokenizer.Apply(work);
        return string.Join('|', work.Pieces.Select(piece => work.Text.Span[piece.Start..piece.End].ToString()));
    }
}
