using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Numbers for which a model has no row or class are refused on the host, with both numbers, before libtorch sees them.</summary>
public sealed class InputRangeTests
{
    public static TheoryData<string> Families => SmallClassifier.Families;

    [Theory]
    [MemberData(nameof(Families))]
    public void Token_ids_and_types(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        var good = tensor([5L, 6, 7, 8], [2, 2]);
        foreach (var (bad, number) in new[] { (tensor([5L, 6, 50, 8], [2, 2]), "50"), (tensor([5L, -3, 7, 8], [2, 2]), "-3"), (tensor([5L, 7, 6, 50], [2, 2]).t(), "50"),
            (tensor([5, 6, 7, 51], [2, 2]), "51") })
        {
            var error = Assert.Throws<ArgumentException>(() => model.call(bad, null, null));
            Assert.Contains(number, error.Message, StringComparison.Ordinal);
            Assert.Contains(" 50 ", error.Message, StringComparison.Ordinal);
            _ = Assert.Throws<ArgumentException>(() => model.Encoder.call(bad, null, null));
            _ = Assert.Throws<ArgumentException>(() => model.Encoder.HiddenStates(bad));
        }

        var types = tensor([0L, 0, 9, 0], [2, 2]);
        if (model.Config.TypeVocabularySize > 0)
            Assert.Contains($" {model.Config.TypeVocabularySize} ", Assert.Throws<ArgumentException>(() => model.call(good, null, types)).Message, StringComparison.Ordinal);
        else
            Assert.Equal([2L, 2], model.call(good, null, types).shape);
        Assert.Contains("int64", Assert.Throws<ArgumentException>(() => model.call(ones(2, 2), null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Class_numbers()
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make("bert", 3);
        Assert.Contains("3", Assert.Throws<ArgumentException>(() => model.Loss(zeros(2, 3), tensor([0L, 3]))).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<ArgumentException>(() => model.Loss(zeros(2, 3), tensor([0L, -1]))).Message, StringComparison.Ordinal);
        Assert.Equal(MathF.Log(3), model.Loss(zeros(2, 3), tensor([0L, -100])).item<float>(), 1e-6f);
    }

    [Fact]
    public void Labels_of_masked_words()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForMaskedLM(new BertConfig { VocabularySize = 50, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 24, MaxPositions = 20 }, seed: 1);
        var ids = tensor([5L, 6, 7, 8], [2, 2]);
        Assert.Contains("50", Assert.Throws<ArgumentException>(() => model.Loss(ids, null, tensor([-100L, 6, 50, -100], [2, 2]))).Message, StringComparison.Ordinal);
        Assert.True(float.IsFinite(model.Loss(ids, null, tensor([-100L, 6, 49, -100], [2, 2])).item<float>()));
    }

    [Fact]
    public void Batches_for_a_model_are_checked_before_they_become_tensors()
    {
        using var scope = NewDisposeScope();
        using var files = new WordPieceFolder();
        var tokenizer = files.Tokenizer;
        using var model = new RobertaModel(new RobertaConfig
        {
            VocabularySize = 50,
            HiddenSize = 16,
            Layers = 1,
            Heads = 2,
            IntermediateSize = 24,
            MaxPositions = 20,
            TypeVocabularySize = 1
        }, seed: 1);
        var (ids, _, _) = tokenizer.EncodeBatch(["a"]).ToTensorsFor(model);
        Assert.Equal([1L, 3], ids.shape);
        Assert.Contains("60", Assert.Throws<ArgumentException>(() => tokenizer.EncodeBatch(["a", "z"]).ToTensorsFor(model)).Message, StringComparison.Ordinal);
        Assert.Contains("type", Assert.Throws<ArgumentException>(() => tokenizer.Pad([tokenizer.Encode("a", "a", null)]).ToTensorsFor(model)).Message, StringComparison.Ordinal);
    }

    /// <summary>A vocabulary of 61 tokens, 'a' being 5 and 'z' 60.</summary>
    private sealed class WordPieceFolder : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public WordPieceFolder() => File.WriteAllLines(_folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", .. Enumerable.Range(6, 54).Select(i => $"word{i}"), "z"]);

        public TextTokenizer Tokenizer => TextTokenizer.FromFolder(_folder.Path);

        public void Dispose() => _folder.Dispose();
    }
}
