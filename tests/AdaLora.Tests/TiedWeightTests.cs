using AdaLora.Adapters;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Weights that share memory with something else, or that are not stored.</summary>
public sealed class TiedWeightTests
{
    private const int Width = 6;

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Ways = new(StringComparer.Ordinal)
    {
        ["a second parameter"] = weight => new Parameter(weight.detach(), requires_grad: false),
        ["a parameter that is a view of another shape"] = weight => new Parameter(weight.detach().view(-1)),
        ["a parameter of some rows"] = weight => new Parameter(weight.detach().narrow(0, 2, 3)),
        ["a transposed buffer"] = weight => weight.detach().t(),
        ["a buffer of one column"] = weight => weight.detach().select(1, 0),
    };

    public static TheoryData<string> Kinds => [.. Ways.Keys];

    public static TheoryData<ScalarType> Dtypes => [ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Float16];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void They_are_not_merged_and_whose_they_are_is_said(string kind)
    {
        using var scope = NewDisposeScope();
        var layer = nn.Linear(Width, Width);
        using var model = new Pair(layer, Ways[kind](layer.weight!));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Seed = 1 });
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-1, 1);
        var before = layer.weight!.clone();

        var message = Assert.Throws<NotSupportedException>(() => adapted.Merge()).Message;

        Assert.Contains("the weight of 'layer' is also 'other.tied'", message, StringComparison.Ordinal);
        Assert.DoesNotContain("free", message, StringComparison.Ordinal);
        Assert.Equal(before, layer.weight!);
        Assert.False(adapted.IsMerged);
    }

    [Fact]
    public void Neighbours_in_one_piece_of_memory_are_merged()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (nn.Linear(Width, Width), nn.Linear(Width, Width));
        var flat = randn(2 * Width * Width);
        first.weight = new Parameter(flat.narrow(0, 0, Width * Width).view(Width, Width));
        second.weight = new Parameter(flat.narrow(0, Width * Width, Width * Width).view(Width, Width));
        using var model = nn.Sequential(("first", first), ("second", second));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Seed = 1 });

        adapted.Merge();

        Assert.True(adapted.IsMerged);
    }

    [Fact]
    public void A_tied_weight_counts_once()
    {
        using var scope = NewDisposeScope();
        var layer = nn.Linear(Width, Width);
        using var tied = new Pair(layer, new Parameter(layer.weight!.detach(), requires_grad: false));
        using var adapted = AdaLoraModel.Attach(tied, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Seed = 1 });
        var adapters = adapted.TrainableParameters[0].numel();

        // The layer and the free one, each with a bias.
        Assert.Equal((2 * ((Width * Width) + Width)) + adapters, adapted.Report().Counts.Total);
    }

    [Theory]
    [MemberData(nameof(Dtypes))]
    public void Memory_is_compared_in_every_dtype(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var all = zeros([4, 6], dtype);
        Assert.True(MemoryRange.IsShared(all, all.view(24).narrow(0, 20, 4)));
        Assert.True(MemoryRange.IsShared(all.narrow(0, 1, 2), all.narrow(0, 2, 2)));
        Assert.False(MemoryRange.IsShared(all.narrow(0, 0, 2), all.narrow(0, 2, 2)));
        Assert.False(MemoryRange.IsShared(all, all.clone()));
        Assert.False(MemoryRange.IsShared(empty([4, 6], dtype, META), empty([4, 6], dtype, META)));
        Assert.False(MemoryRange.IsShared(all, empty([0, 6], dtype)));
        Assert.Equal(24 + 6, MemoryRange.CountEntries([all.narrow(0, 1, 2), all, zeros([6], dtype), all.t()]));
    }

    [Fact]
    public void What_is_trained_in_full_may_not_be_the_weight_of_an_adapted_layer()
    {
        using var scope = NewDisposeScope();
        var layer = nn.Linear(Width, Width);
        using var model = new Pair(layer, new Parameter(layer.weight!.detach()));

        var message = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["other"] })).Message;

        Assert.Contains("covers layers that carry an adapter: layer", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_layer_of_ones_own_is_merged_if_it_keeps_its_weight_and_refused_with_a_way_out_if_it_computes_it(bool keeps)
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("own", new Own(keeps)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Seed = 1 });
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-1, 1);
        model.eval();
        var input = randn(3, Width);
        var before = model.call(input);
        if (!keeps)
        {
            Assert.Contains("'own' recomputes its weight each time it is read", Assert.Throws<NotSupportedException>(() => adapted.Merge()).Message, StringComparison.Ordinal);
            return;
        }

        adapted.Merge();

        using (no_grad())
            Assert.True((model.call(input) - before).abs().max().item<float>() < 1e-5);
        adapted.Unmerge();
        Assert.True((model.call(input) - before).abs().max().item<float>() < 1e-5);
    }

    private sealed class Pair : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer;
        private readonly nn.Module<Tensor, Tensor> free;

        public Pair(Linear adapted, Tensor tied)
            : base(nameof(Pair))
        {
            (layer, free) = (adapted, nn.Linear(Width, Width));
            RegisterComponents();
            register_module("other", new Holder(tied));
        }

        public override Tensor forward(Tensor input) => free.call(layer.call(input));
    }

    private sealed class Holder : nn.Module
    {
        public Holder(Tensor tensor)
            : base(nameof(Holder))
        {
            if (tensor is Parameter parameter)
                register_parameter("tied", parameter);
            else
                register_buffer("tied", tensor);
        }
    }

    /// <summary>A frozen layer whose weight is a buffer, or the product of one and a factor.</summary>
    private sealed class Own : nn.Module<Tensor, Tensor>, IProjection
    {
        private readonly Tensor _stored;
        private readonly bool _keeps;

        public Own(bool keeps)
            : base(nameof(Own))
        {
            (_stored, _keeps) = (randn(Width, Width), keeps);
            RegisterComponents();
        }

        public Tensor Weight => _keeps ? _stored : _stored.mul(ones(1));

        public Tensor? Bias => null;

        public long InFeatures => Width;

        public long OutFeatures => Width;

        public bool WeightIsTransposed => false;

        public override Tensor forward(Tensor input) => nn.functional.linear(input, Weight);
    }
}
