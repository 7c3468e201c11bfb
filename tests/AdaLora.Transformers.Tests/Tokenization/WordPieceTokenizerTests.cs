using AdaLora.Internals;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using CsCheck;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class WordPieceTokenizerTests
{
    private static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "##s", "cafe", "Café", "!", "i\u0307", "\U0001f375"];

    [Fact]
    public void Spells_words_from_the_vocabulary()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Create(folder);
        Assert.Equal([2, 5, 6, 9, 3, 7, 3], tokenizer.Encode("Teas!", "CAFÉ").Ids);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1], tokenizer.Encode("Teas!", "CAFÉ").TypeIds);
        Assert.Equal([11, 1, 5], tokenizer.EncodePlain("\U0001f375 unheard tea\ud83c"));
        Assert.Equal(Vocabulary.Length, tokenizer.VocabularySize);
        Assert.Equal(4, tokenizer.MaskId);
        Assert.Equal("##s", tokenizer.GetToken(6));
        Assert.Null(tokenizer.GetToken(99));
        Assert.Equal(7, tokenizer.GetId("cafe"));
        Assert.True(tokenizer.IsSpecial(3));
        Assert.False(tokenizer.IsSpecial(5));
    }

    [Fact]
    public void Settings_of_the_folder_are_followed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"do_lower_case": false, "cls_token": {"content": "tea"}}""");
        _ = Create(folder);
        var tokenizer = TextTokenizer.FromFolder(folder.Path);
        Assert.Equal([5, 8, 3], tokenizer.Encode("Café").Ids);
    }

    [Fact]
    public void Lower_cases_the_dotted_capital_I_into_two_characters()
    {
        using var folder = new TemporaryFolder();
        _ = Create(folder);
        var tokenizer = TextTokenizer.FromVocabulary(folder.File("vocab.txt"), new WordPieceSettings { StripAccents = false });
        Assert.Equal([10], tokenizer.EncodePlain("İ"));
    }

    [Fact]
    public void Folders_without_a_usable_tokenizer_are_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("vocab.txt", Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(folder.Path)).Message);
        Assert.Contains("is not a directory", Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(folder.File("nowhere"))).Message);
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[SEP]"]);
        Assert.Contains("'[CLS]'", Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(folder.Path)).Message);
        File.WriteAllText(folder.File("tokenizer.json"), """{"model": {"type": "WordLevel"}}""");
        Assert.Contains("WordLevel", Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(folder.Path)).Message);
        File.WriteAllText(folder.File("tokenizer.json"), "{");
        Assert.Contains("tokenizer.json", Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(folder.Path)).Message);
    }

    [Fact]
    public void A_length_without_room_for_special_tokens_is_refused()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Create(folder);
        Assert.Equal([2, 3], tokenizer.Encode("tea", maxLength: 2).Ids);
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("tea", maxLength: 1));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("tea", "tea", maxLength: 2));
        _ = Assert.Throws<ArgumentException>(() => tokenizer.Pad([tokenizer.Encode("tea")], length: 2));
        _ = Assert.Throws<ArgumentException>(() => tokenizer.Pad([]));
        _ = Assert.Throws<ArgumentException>(() => tokenizer.Pad([tokenizer.Encode("tea")], length: int.MaxValue));
        _ = Assert.Throws<ArgumentException>(() => tokenizer.Pad([tokenizer.Encode("tea")], multipleOf: int.MaxValue));
    }

    [Fact]
    public void Makes_tensors_of_a_batch()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (ids, mask, types) = Create(folder).EncodeBatch(["tea", "teas teas"]).ToTensors();
        Assert.Equal([2L, 6L], ids.shape);
        Assert.Equal([2L, 5, 3, 0, 0, 0, 2, 5, 6, 5, 6, 3], ids.data<long>().ToArray());
        Assert.Equal([1L, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1], mask.data<long>().ToArray());
        Assert.Equal(0, types.sum().item<long>());
    }

    /// <summary>Any text at all, lone surrogates included, is encoded the same on many threads as on one, and never throws.</summary>
    [Fact]
    public void Any_text_is_encoded_alike_by_many_threads()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Create(folder);
        var texts = new List<string>();
        Gen.Char.Array[0, 40].Select(characters => new string(characters)).Sample(texts.Add, iter: 300, threads: 1);
        var expected = texts.ConvertAll(text => tokenizer.EncodePlain(text));
        Parallel.For(0, 4, _ => Assert.Equal(expected, texts.ConvertAll(text => tokenizer.EncodePlain(text))));
    }

    private static TextTokenizer Create(TemporaryFolder folder)
    {
        File.WriteAllLines(folder.File("vocab.txt"), Vocabulary);
        return TextTokenizer.FromFolder(folder.Path);
    }
}
