using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Tokens besides the vocabulary, with the ids of the library tokenizers 0.23 and, for folders without tokenizer.json, of transformers 5.23.</summary>
public sealed class AddedTokenTests : IDisposable
{
    private readonly WordPieceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("newcorp NEWCORP NewCorp", new[] { 440, 440, 440 })]
    [InlineData("aNewCorpb", new[] { 6, 440, 95 })]
    [InlineData(" n\u00e9wcorp ", new[] { 440 })]
    public void A_normalized_token_is_looked_for_in_the_normalized_text(string text, int[] ids) =>
        Assert.Equal(ids, _files.WithTokens(("NewCorp", "normalized")).EncodePlain(text));

    [Theory]
    [InlineData("new corp NEW  CORP", new[] { 440, 16, 24 })]
    [InlineData("x\u4e2d\u6587y \u4e2d \u6587", new[] { 116, 441, 117, 1, 1 })]
    [InlineData("uni UNI unis \u00fcn\u00ef", new[] { 442, 442, 30, 307, 18, 442 })]
    [InlineData("new\tcorp", new[] { 440 })]
    [InlineData("[CLS] new corp[MASK]", new[] { 2, 440, 4 })]
    public void Normalized_tokens_are_normalized_themselves(string text, int[] ids) =>
        Assert.Equal(ids, _files.WithTokens(("New Corp", "normalized"), ("\u4e2d\u6587", "normalized"), ("\u00dcn\u00ef", "normalized single_word")).EncodePlain(text));

    [Theory]
    [InlineData("a TOK b", new[] { 6, 440, 95 })]
    [InlineData("a  tok  tok  b", new[] { 6, 440, 440, 95 })]
    public void Normalized_tokens_take_the_white_space_beside_them(string text, int[] ids) =>
        Assert.Equal(ids, _files.WithTokens(("tok", "normalized lstrip rstrip")).EncodePlain(text));

    [Theory]
    [InlineData("COVID19", new[] { 96, 313, 319, 307, 302, 251, 259 })]
    [InlineData("covid19", new[] { 440 })]
    [InlineData("xcovid19x", new[] { 116, 440, 116 })]
    public void An_added_token_is_no_piece_of_a_word(string text, int[] ids) =>
        Assert.Equal(ids, _files.WithTokens(("covid19", "")).EncodePlain(text));

    [Theory]
    [InlineData("abc", new[] { 6, 300, 301 })]
    [InlineData("ab", new[] { 440 })]
    [InlineData("x ab y", new[] { 116, 440, 117 })]
    [InlineData("_ab", new[] { 93, 6, 300 })]
    [InlineData("ab_", new[] { 6, 300, 93 })]
    [InlineData("ab\u0301", new[] { 6, 300 })]
    [InlineData("ab\u200d", new[] { 6, 300 })]
    [InlineData("ab\u203f", new[] { 6, 300, 1 })]
    [InlineData("xab b", new[] { 116, 299, 300, 95 })]
    public void A_token_that_is_a_word_of_its_own_is_none_beside_letters(string text, int[] ids) =>
        Assert.Equal(ids, _files.WithTokens(("ab", "single_word"), ("b", "single_word")).EncodePlain(text));

    [Fact]
    public void What_a_word_of_its_own_begins_with_is_not_looked_at_again() =>
        Assert.Equal([6, 300, 301], _files.WithTokens(("ab", "single_word"), ("b", "")).EncodePlain("abc"));

    [Fact]
    public void Only_special_tokens_are_special()
    {
        var tokenizer = _files.WithTokens(("covid19", ""));
        Assert.True(tokenizer.IsSpecial(2));
        Assert.False(tokenizer.IsSpecial(440));
    }

    [Fact]
    public void Without_tokenizer_json_added_tokens_json_is_read()
    {
        _files.Write("added_tokens.json", """{ "newtok": 440, "<extra>": 441 }""");
        var tokenizer = _files.FromVocabulary();
        Assert.Equal([2, 6, 440, 441, 95, 3], tokenizer.Encode("a newtok <extra> b").Ids);
        Assert.Equal([2, 6, 440, 441, 95, 3], tokenizer.Encode("a NEWTOK <EXTRA> b").Ids);
        Assert.Equal([2, 6, 440, 95, 3], tokenizer.Encode("anewtokb").Ids);
        Assert.Equal([2, 6, 4, 3], tokenizer.Encode("a [MASK]").Ids);
        Assert.Equal(442, tokenizer.VocabularySize);
    }

    [Fact]
    public void Without_tokenizer_json_added_tokens_decoder_is_read()
    {
        var tokenizer = _files.FromVocabulary("""
            "added_tokens_decoder": {
              "440": { "content": "NewTok", "lstrip": false, "rstrip": false, "normalized": true, "single_word": false, "special": false },
              "441": { "content": "<Raw>", "lstrip": false, "rstrip": false, "normalized": false, "single_word": true, "special": true } }
            """);
        Assert.Equal([6, 440, 440, 441, 58, 111, 299, 320, 60, 95], tokenizer.EncodePlain("a newtok NEWTOK <Raw> <raw> b"));
        Assert.Equal([116, 58, 111, 299, 320, 60, 117], tokenizer.EncodePlain("x<Raw>y"));
        Assert.Equal(442, tokenizer.VocabularySize);
    }

    [Fact]
    public void Old_files_of_byte_level_BPE_have_added_tokens_too()
    {
        _files.Write("vocab.json", """{ "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "b": 6, "ab": 7, "Ġ": 8 }""");
        _files.Write("merges.txt", "#version: 0.2\na b\n");
        _files.Write("added_tokens.json", """{ "ba": 9 }""");
        var tokenizer = TextTokenizer.FromFolder(_files.Path);
        Assert.Equal([0, 7, 9, 2], tokenizer.Encode("abba").Ids);
        Assert.Equal([0, 5, 4, 2], tokenizer.Encode("a <mask>").Ids);
        Assert.Equal(10, tokenizer.VocabularySize);
    }

    [Fact]
    public void Further_special_tokens_come_from_the_vocabulary_or_behind_it()
    {
        Assert.Equal([6, 440, 5, 95], _files.FromVocabulary(""" "additional_special_tokens": ["<e1>", "the"] """).EncodePlain("a <e1> the b"));
        var tokenizer = _files.FromVocabulary(""" "extra_special_tokens": { "image_token": "<img>" } """);
        Assert.Equal([6, 440, 95], tokenizer.EncodePlain("a <img> b"));
        Assert.True(tokenizer.IsSpecial(440));
    }

    [Fact]
    public void Special_tokens_have_the_flags_of_the_files() =>
        Assert.Equal(
            [116, 89, 106, 299, 18, 309, 91, 117, 4],
            _files.FromVocabulary(""" "added_tokens_decoder": { "4": { "content": "[MASK]", "single_word": true, "special": true } } """).EncodePlain("x[MASK]y [MASK]"));

    [Theory]
    [InlineData("""{ "cat": 445 }""", "'cat'")]
    [InlineData("""{ "zq": 7 }""", "'zq'")]
    [InlineData("""{ "zq": -7 }""", "'zq'")]
    [InlineData("""{ "zq": "x" }""", "'zq'")]
    [InlineData("""{ "zq": 440, "qz": 440 }""", "'qz'")]
    public void Ids_that_contradict_each_other_are_refused(string added, string named)
    {
        _files.Write("added_tokens.json", added);
        Assert.Contains(named, Assert.Throws<CheckpointException>(() => _files.FromVocabulary()).Message, StringComparison.Ordinal);
    }
}
