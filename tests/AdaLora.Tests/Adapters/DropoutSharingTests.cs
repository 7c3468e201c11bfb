using System.Runtime.CompilerServices;
using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Initialization;
using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

public sealed class DropoutSharingTests : IDisposable
{
    private const int Width = 16;
    private const double Rate = 0.25;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, true)]
    public void Adapters_that_read_the_same_tensor_drop_the_same_entries_if_they_are_to(bool shares, bool fused, bool inGraph)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(inGraph);
        using var model = Layers();
        using var adapted = AttachTransparent(model, shares, fused);
        var (input, other) = (ones(40, Width), ones(40, Width));

        var (first, second) = (Masks(adapted, input, other), Masks(adapted, input, other));

        Assert.Equal(shares, Same(first[0], first[1]) && Same(first[0], first[2]));
        Assert.Equal(shares, Same(second[0], second[1]) && Same(second[0], second[2]));
        Assert.False(Same(first[0], first[3]));
        // The same tensor again is another pass, even if nothing came in between.
        Assert.False(Same(Kept(adapted.Adapters[0].call(input)), Kept(adapted.Adapters[0].call(input))));
        Assert.All(first, mask => Assert.All(second, again => Assert.False(Same(mask, again))));
    }

    [Fact]
    public void A_pass_that_went_back_leaves_no_mask_to_the_next()
    {
        using var scope = NewDisposeScope();
        using var model = Layers();
        using var adapted = AttachTransparent(model, shares: true, fused: true);
        var input = ones(40, Width).requires_grad_();

        var before = adapted.Adapters[0].call(input);
        before.sum().backward();
        var behind = adapted.Adapters[1].call(input);
        Assert.False(Same(Kept(before), Kept(behind)));
    }

    [Fact]
    public void In_evaluation_nothing_is_dropped()
    {
        using var scope = NewDisposeScope();
        using var model = Layers();
        using var adapted = AttachTransparent(model, shares: true, fused: true);
        model.eval();

        Assert.All(Masks(adapted, ones(40, Width), ones(40, Width)), mask => Assert.True(mask.all().item<bool>()));
    }

    [Fact]
    public void Entries_are_dropped_at_the_rate_and_independently_in_each_pass()
    {
        using var scope = NewDisposeScope();
        using var model = Layers();
        using var adapted = AttachTransparent(model, shares: true, fused: true);
        var input = ones(20_000, Width);

        var (first, second) = (Masks(adapted, input, input.clone())[2].logical_not(), Masks(adapted, input, input.clone())[0].logical_not());

        AssertShare(first, Rate);
        AssertShare(second, Rate);
        AssertShare(first.logical_and(second), Rate * Rate);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gradients_are_those_of_single_operations_with_one_mask(bool fused)
    {
        using var scope = NewDisposeScope();
        using var model = new BranchingModel(ScalarType.Float64, inputs: 11, width: 9);
        using var adapted = AdaLoraModel.Attach(model, Options(shares: true) with { InitialRank = 4, TrainedModules = ["head"], Initialization = TripletInitialization.Normal(0.5) });
        using (no_grad())
            adapted.TrainableParameters[0].uniform_(-0.5, 0.5);
        SetFused(adapted, fused);
        var input = randn(5, 6, 11, dtype: ScalarType.Float64).requires_grad_();
        manual_seed(3).Dispose();
        model.call(input).square().sum().backward();
        var actual = Gradients(input, adapted.Adapters);

        var expectedInput = input.detach().clone().requires_grad_();
        var parts = adapted.Adapters.Select(a => new[] { "lora_B", "lora_E", "lora_A" }.Select(name => a.get_parameter(name)!.detach().clone().requires_grad_()).ToArray()).ToList();
        manual_seed(3).Dispose();
        var (one, two) = (DropoutMask.Draw(Rate).Apply(ones(5, 6, 11, dtype: ScalarType.Float64)), DropoutMask.Draw(Rate).Apply(ones(5, 6, 9, dtype: ScalarType.Float64)));
        var joined = (Layer(0, expectedInput, one) * Layer(1, expectedInput, one).tanh()) + Layer(2, expectedInput, one);
        var head = (Linear)model.named_modules().Single(m => m.name == "head").module;
        head.call(Layer(3, joined.tanh(), two)).square().sum().backward();
        var expected = parts.SelectMany(p => p).Prepend(expectedInput).Select(t => t.grad!).ToList();

        Assert.Equal(expected.Count, actual.Count);
        Assert.All(expected.Zip(actual), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() <= 1e-12 * (1 + pair.First.abs().max().item<double>())));

        Tensor Layer(int index, Tensor x, Tensor mask)
        {
            var frozen = (Linear)adapted.Adapters[index].BaseLayer;
            var low = nn.functional.linear(x * mask, parts[index][2]) * parts[index][1].view(-1) * adapted.Adapters[index].Scale;
            return nn.functional.linear(x, frozen.weight!.detach(), frozen.bias!.detach()) + nn.functional.linear(low, parts[index][0]);
        }
    }

    [Fact]
    public void A_tensor_that_is_changed_between_its_readers_is_told_with_a_graph_and_read_anew_without()
    {
        using var scope = NewDisposeScope();
        using var model = Layers();
        using var adapted = AttachTransparent(model, shares: true, fused: true);
        using (no_grad())
        {
            var plain = ones(40, Width);
            var before = adapted.Adapters[0].call(plain);
            plain.mul_(2);
            Assert.True((adapted.Adapters[1].call(plain) - (2 * before)).abs().max().item<float>() < 1e-4);
        }

        var input = ones(40, Width);
        var output = adapted.Adapters[0].call(input);
        input.mul_(2);
        (output + adapted.Adapters[1].call(input)).sum().backward();
        Assert.Contains("modified by an inplace operation", Assert.Throws<InvalidOperationException>(() => adapted.Adapters[0].call(input)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_leaves_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        using var model = new BranchingModel();
        using var adapted = AdaLoraModel.Attach(model, Options(shares: true) with { InitialRank = 4, TargetRank = 2, TrainedModules = ["head"], TotalSteps = 100 });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-3);
        var batches = TinyTask.Batches(2).ToList();
        TinyTask.Step(adapted, model, optimizer, batches[0]);
        TinyTask.Step(adapted, model, optimizer, batches[1]);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 20; i++)
        {
            TinyTask.Step(adapted, model, optimizer, batches[i % 2]);
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        // A forward pass alone, as for a loss without a backward pass.
        TinyTask.Loss(model, batches[0]).Dispose();
        model.eval();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void The_input_is_not_kept_alive()
    {
        var sharing = new DropoutSharing();
        var input = Ask(sharing);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(input.IsAlive);
        sharing.Forget();
    }

    [Fact]
    public void A_resumed_training_ends_as_one_that_was_not_interrupted_and_not_as_one_without_sharing()
    {
        var rehearsal = new Rehearsal { Folder = _folder.Path, Model = () => new BranchingModel() };
        rehearsal = rehearsal with { Adapters = rehearsal.Adapters with { ShareDropout = true } };
        var whole = (rehearsal with { Saves = false }).Run();
        rehearsal.Run(crashBefore: 24);
        Assert.Contains("ShareDropout is False and was True",
            Assert.Throws<InvalidDataException>(() => (rehearsal with { Adapters = rehearsal.Adapters with { ShareDropout = false } }).Run(resume: true)).Message, StringComparison.Ordinal);

        var resumed = rehearsal.Run(resume: true);

        Assert.Equal(whole.Losses.TakeLast(resumed.Losses.Count), resumed.Losses);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.NotEqual((rehearsal with { Saves = false, Adapters = rehearsal.Adapters with { ShareDropout = false } }).Run().Weights, whole.Weights);
    }

    [Fact]
    public void Models_on_two_threads_share_within_each_and_not_between()
    {
        var alike = new bool[2];
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() => alike[i] = PassesAreAlike())).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal([true, true], alike);

        static bool PassesAreAlike()
        {
            using var scope = NewDisposeScope();
            using var model = Layers();
            using var adapted = AttachTransparent(model, shares: true, fused: true);
            var input = ones(40, Width);
            return Enumerable.Range(0, 100).All(_ =>
            {
                var masks = Masks(adapted, input, input.clone());
                return Same(masks[0], masks[1]) && Same(masks[0], masks[2]) && !Same(masks[0], masks[3]);
            });
        }
    }

    [Fact]
    public void Where_libtorch_draws_masks_all_get_the_same_tensor()
    {
        using var scope = NewDisposeScope();
        var shared = new SharedDropout(Rate, new LatestDropped());
        var input = empty([3, 4], device: META).requires_grad_();
        var (first, second) = (shared.Apply(input), shared.Apply(input));
        Assert.Equal(DeviceType.META, first.device_type);
        Assert.NotSame(first, second);
        (first + second).sum().backward();
        Assert.Equal([3L, 4L], input.grad!.shape);
    }

    private static Sequential Layers() => nn.Sequential(Enumerable.Range(0, 4).Select(_ => nn.Linear(Width, Width, hasBias: false)).ToArray<nn.Module<Tensor, Tensor>>());

    private static AdaLoraOptions Options(bool shares) => TinyTask.Options with { Dropout = Rate, ShareDropout = shares, TrainedModules = [] };

    /// <summary>Frozen weights of 0 and triplets that make the identity: what comes out is what was not dropped.</summary>
    private static AdaLoraModel AttachTransparent(Sequential model, bool shares, bool fused)
    {
        var adapted = AdaLoraModel.Attach(model, Options(shares) with { InitialRank = Width, Alpha = Width });
        using var noGrad = no_grad();
        foreach (var adapter in adapted.Adapters)
        {
            ((Linear)adapter.BaseLayer).weight!.zero_();
            adapter.get_parameter("lora_A")!.copy_(eye(Width));
            adapter.get_parameter("lora_B")!.copy_(eye(Width));
        }

        foreach (var adapter in adapted.Adapters)
            adapter.get_parameter("lora_E")!.fill_(1);
        SetFused(adapted, fused);
        return adapted;
    }

    // A weight that is trained goes through single operations.
    private static void SetFused(AdaLoraModel adapted, bool fused)
    {
        foreach (var adapter in adapted.Adapters)
            ((Linear)adapter.BaseLayer).weight!.requires_grad = !fused;
    }

    private static Tensor[] Masks(AdaLoraModel adapted, Tensor input, Tensor other) =>
        [.. adapted.Adapters.Select((adapter, i) => Kept(adapter.call(i < 3 ? input : other)))];

    private static Tensor Kept(Tensor output) => output.detach().ne(0);

    private static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    private static List<Tensor> Gradients(Tensor input, IEnumerable<SvdAdapter> adapters) =>
        [input.grad!, .. adapters.SelectMany(a => new[] { "lora_B", "lora_E", "lora_A" }.Select(name => a.get_parameter(name)!.grad!))];

    private static void AssertShare(Tensor dropped, double share)
    {
        var error = 5 * Math.Sqrt(share * (1 - share) / dropped.numel());
        Assert.InRange(dropped.sum().item<long>() / (double)dropped.numel(), share - error, share + error);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Ask(DropoutSharing sharing)
    {
        var input = ones(3);
        _ = sharing.For(new object(), input, Rate);
        return new WeakReference(input);
    }
}
