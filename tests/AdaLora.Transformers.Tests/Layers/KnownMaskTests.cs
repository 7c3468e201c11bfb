using AdaLora.Transformers.Layers;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>Where padding is left out on devices. Tensors of the meta device hold nothing that could be read, so that whatever is planned is planned on the host.</summary>
public sealed class KnownMaskTests : IDisposable
{
    private const int Texts = 4, Length = 40, Size = 8;

    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _embedded = zeros(Texts, Length, Size, device: META);
    private readonly Tensor _mask = zeros(Texts, Length, dtype: ScalarType.Int64, device: META);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Padding_is_left_out_on_a_device_when_the_host_knows_the_mask()
    {
        KnownMask.Note(_mask, Filled(10, 20, 30, 20));

        var rows = PackedTokens.ForFirsts(_embedded, _mask);

        Assert.True(rows.IsPacked);
    }

    [Fact]
    public void Without_padding_there_is_no_mask()
    {
        KnownMask.Note(_mask, Filled(Length, Length, Length, Length));

        var rows = PackedTokens.ForFirsts(_embedded, _mask);

        Assert.False(rows.IsPacked);
        Assert.Null(rows.Additive);
    }

    [Fact]
    public void Every_place_has_a_row_when_nobody_knows_the_mask()
    {
        var rows = PackedTokens.ForFirsts(_embedded, _mask);

        Assert.False(rows.IsPacked);
        Assert.NotNull(rows.Additive);
        Assert.Equal([Texts * Length, Size], rows.FromTexts(_embedded).shape);
    }

    private static long[] Filled(params int[] lengths) => [.. lengths.SelectMany(length => Enumerable.Range(0, Length).Select(place => place < length ? 1L : 0))];
}
