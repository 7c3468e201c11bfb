using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Gradients through states that look at nothing but padding, whose attention is uniform.</summary>
public sealed class EmptyTextTests
{
    private const double Step = 1e-5;

    public static TheoryData<string> Families => SmallClassifier.Families;

    /// <summary>Of the last layer and with all else frozen: scores that are lost beside the least number have a gradient in the reference too, although the loss does not depend on them.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void The_gradient_of_the_projection_of_values_is_the_slope_of_the_loss(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        model.to(ScalarType.Float64);
        model.eval();
        manual_seed(4);
        var ids = randint(3, 50, [2, 5], dtype: ScalarType.Int64);
        // In DeBERTa padding looks at nothing, whatever else the text has; states of a text without any tokens have no variance there.
        var mask = tensor(new long[,] { { 1, 1, 1, 0, 0 }, { family == "deberta-v2" ? 1 : 0, 0, 0, 0, 0 } });
        var weights = randn([2, 5, 16], dtype: ScalarType.Float64);
        var values = model.named_parameters()
            .Where(p => p.name.Contains("layer.1.", StringComparison.Ordinal) && (p.name.Contains(".value", StringComparison.Ordinal) || p.name.Contains(".v_lin", StringComparison.Ordinal))).ToList();
        Assert.Equal(2, values.Count);
        foreach (var (_, parameter) in model.named_parameters())
            parameter.requires_grad = values.Any(v => ReferenceEquals(v.parameter, parameter));

        Loss().backward();

        foreach (var (name, parameter) in values)
        {
            using var inner = NewDisposeScope();
            using var quiet = no_grad();
            var direction = randn_like(parameter);
            var expected = (parameter.grad! * direction).sum().item<double>();
            parameter.add_(direction * Step);
            var above = Loss().item<double>();
            parameter.sub_(direction * (2 * Step));
            var below = Loss().item<double>();
            parameter.add_(direction * Step);
            var slope = (above - below) / (2 * Step);
            Assert.True(Math.Abs(expected - slope) <= 1e-6 * (1 + Math.Abs(slope)), $"{name}: {expected} where the slope is {slope}");
        }

        Tensor Loss() => (model.Encoder.call(ids, mask, null) * weights).sum();
    }

    [Fact]
    public void Gradients_of_attention_are_those_of_softmax_over_masked_scores()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var hidden = randn([3, 4, 6], dtype: ScalarType.Float64);
        var mask = tensor(new long[,] { { 1, 1, 1, 0 }, { 0, 0, 0, 0 }, { 1, 1, 1, 1 } });
        var rows = PackedTokens.OfAll(hidden, mask);
        var parts = Enumerable.Range(0, 3).Select(_ => randn([12, 6], dtype: ScalarType.Float64, requires_grad: true)).ToArray();
        var weights = randn([12, 6], dtype: ScalarType.Float64);

        (new MultiHeadAttention(2, 0.5).ApplyToRows(parts[0], parts[1], parts[2], rows, training: false, null) * weights).sum().backward();
        var actual = parts.Select(p => p.grad!.clone()).ToList();
        foreach (var part in parts)
            part.grad!.zero_();
        var (query, key, value) = (Heads(parts[0]), Heads(parts[1]), Heads(parts[2]));
        var attended = ((query.matmul(key.transpose(-1, -2)) / Math.Sqrt(3)) + rows.Additive!).softmax(-1).matmul(value);
        (attended.transpose(1, 2).reshape(12, 6) * weights).sum().backward();

        Assert.All(parts.Zip(actual), pair => Assert.True((pair.First.grad! - pair.Second).abs().max().item<double>() < 1e-12));

        static Tensor Heads(Tensor rows) => rows.view(3, 4, 2, 3).transpose(1, 2);
    }
}
