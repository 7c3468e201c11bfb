using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Loading;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Loading;

public sealed class PretrainedOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PretrainedOptionsTests()
    {
        using var model = new BertForSequenceClassification(new BertConfig { VocabularySize = 50, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 16, MaxPositions = 20 }, 2, seed: 1);
        model.SaveCheckpoint(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_that_is_wrong_is_named_before_anything_is_read()
    {
        var options = new PretrainedOptions { Dtype = ScalarType.Int64, Logger = null! };
        var message = Assert.Throws<ArgumentException>(() => AutoModel.SequenceClassifier("absent", options: options)).Message;
        Assert.Contains("Dtype is Int64", message, StringComparison.Ordinal);
        Assert.Contains("Logger is null", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Every_weight_has_the_element_type_asked_for_and_the_stored_value(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var single = AutoModel.SequenceClassifier(_folder.Path);
        using var model = AutoModel.SequenceClassifier(_folder.Path, options: new PretrainedOptions { Dtype = dtype });
        foreach (var ((name, expected), (_, actual)) in single.named_parameters().Zip(model.named_parameters()))
        {
            Assert.Equal(dtype, actual.dtype);
            Assert.True(expected.to(dtype).eq(actual).all().item<bool>(), name);
        }
    }

    /// <summary>What is drawn anew does not depend on the element type, but for rounding.</summary>
    [Fact]
    public void A_seed_gives_the_same_head_in_half_precision()
    {
        using var scope = NewDisposeScope();
        var options = new PretrainedOptions { Seed = 3, NewHead = true };
        using var single = AutoModel.SequenceClassifier(_folder.Path, labels: 3, options);
        using var half = AutoModel.SequenceClassifier(_folder.Path, labels: 3, options with { Dtype = ScalarType.BFloat16 });
        var head = single.get_parameter("classifier.weight")!;
        Assert.True(head.std().item<float>() > 0.01f);
        Assert.True(head.to(ScalarType.BFloat16).eq(half.get_parameter("classifier.weight")!).all().item<bool>());
    }
}
