using AdaLora.Adapters;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Loading;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>What holds for language models of every family.</summary>
public sealed class DecoderFamilyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => SmallDecoder.Families;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void A_saved_checkpoint_comes_back_bit_for_bit_with_its_configuration(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var isTied in (bool[])[true, false])
        {
            using var model = SmallDecoder.Make(family, isTied);
            model.eval();
            model.SaveCheckpoint(_folder.Path);
            using var back = AutoModel.CausalLM(_folder.Path);
            Assert.Empty(back.LoadReport!.NewlyInitialized);
            Assert.Empty(back.LoadReport.Unexpected);
            Assert.Equal(!isTied, back.named_parameters().Any(p => p.name == "lm_head.weight"));
            Assert.True(model.call(Ids(), null, null).eq(back.call(Ids(), null, null)).all().item<bool>());
            var written = File.ReadAllText(_folder.File("config.json"));
            back.SaveCheckpoint(_folder.Path);
            Assert.Equal(written, File.ReadAllText(_folder.File("config.json")));
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Training_steps_leave_no_tensors_behind_and_reach_every_parameter(string family)
    {
        using var model = SmallDecoder.Make(family);
        model.train();
        using var ids = Ids();
        using var mask = ones_like(ids);
        mask[1, 0] = 0;
        var counts = new List<long>();
        for (var step = 0; step < 8; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                model.Loss(ids, step % 2 == 0 ? null : mask, ids).backward();
            }

            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[3], counts[^1]);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, p.name));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Calls_without_a_scope_make_their_tensors_in_one(string family)
    {
        using var model = SmallDecoder.Make(family);
        using var ids = Ids();
        using var mask = ones_like(ids);
        mask[1, 0] = 0;
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            using var logits = model.call(ids, mask, null);
            using var all = model.call(ids, null, null);
            using var loss = model.Loss(ids, mask, ids);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Padding_on_either_side_changes_nothing_and_a_row_of_padding_gives_finite_gradients(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make(family);
        model.eval();
        var text = Ids().narrow(0, 0, 1);
        var alone = model.call(text, null, null);
        var pad = zeros([1, 3], ScalarType.Int64);
        var (left, right) = (cat([pad, text], 1), cat([text, pad], 1));
        Assert.True(allclose(alone, model.call(left, Real(left), null).narrow(1, 3, 8), 1e-5, 1e-5));
        Assert.True(allclose(alone, model.call(right, Real(right), null).narrow(1, 0, 8), 1e-5, 1e-5));

        var ids = cat([left, zeros_like(left)], 0);
        model.Loss(ids, Real(ids), ids).backward();
        Assert.All(model.parameters(), p => Assert.True(p.grad!.isfinite().all().item<bool>()));

        static Tensor Real(Tensor ids) => ids.ne(0).to(ScalarType.Int64);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void No_token_looks_ahead(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallDecoder.Make(family);
        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            var other = Ids();
            other[0, 5] = 7;
            var same = Logits(Ids()).eq(Logits(other)).all(1).data<bool>().ToArray();
            Assert.Equal([true, true, true, true, true, false], same[..6]);
        }

        Tensor Logits(Tensor ids)
        {
            using var seed = manual_seed(1);
            return model.call(ids, null, null)[0];
        }
    }

    /// <summary>TorchSharp registers the fields of a module that is placed in another one.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Names_stay_what_they_are_in_a_model_that_contains_this_one(string family)
    {
        var model = SmallDecoder.Make(family);
        string[] names = [.. Names(model)];
        using var outer = nn.ModuleDict(("model", (nn.Module)model));
        Assert.Equal(names, Names(model));
        Assert.Equal(["0", "1"], model.named_modules().Single(m => m.name == model.LayersName).module.named_children().Select(child => child.name));

        static IEnumerable<string> Names(nn.Module module) => module.named_modules().Select(m => m.name).Concat(module.named_parameters().Select(p => p.name));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Half_precision_stays_near(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallDecoder.Make(family);
        model.eval();
        model.SaveCheckpoint(_folder.Path);
        using var half = AutoModel.CausalLM(_folder.Path, new PretrainedOptions { Dtype = ScalarType.BFloat16 });
        var (exact, rounded) = (model.call(Ids(), null, null), half.call(Ids(), null, null));
        Assert.Equal(ScalarType.BFloat16, rounded.dtype);
        var distance = (rounded.to(ScalarType.Float32) - exact).abs().mean().item<float>() / exact.abs().mean().item<float>();
        Assert.True(distance < 0.05, $"logits are off by {distance:P1}");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_weight_has_a_first_value(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallDecoder.Make(family);
        foreach (var (name, parameter) in model.named_parameters())
        {
            var values = parameter.detach().data<float>().ToArray();
            if (parameter.dim() < 2)
                Assert.True(values.All(value => value == values[0] && value is 0 or 1), name);
            else
                Assert.True(values.All(float.IsFinite) && Math.Sqrt(values.Average(value => (double)value * value)) is > 0.1 and < 0.4, name);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Adapters_are_put_on_the_blocks_and_not_on_the_head_and_merge(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallDecoder.Make(family, isTied: false);
        model.eval();
        var plain = model.call(Ids(), null, null);
        using (var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = 1 }))
        {
            // Packed projections are one layer each.
            Assert.Equal(family is "gpt2" or "phi3" ? 8 : 14, adapted.Adapters.Count);
            var adapters = model.named_modules().Where(m => m.module is SvdAdapter).Select(m => m.name).ToList();
            Assert.Equal(adapted.Adapters.Count, adapters.Count);
            Assert.All(adapters, name => Assert.StartsWith(model.LayersName + ".", name, StringComparison.Ordinal));
            Assert.True(plain.eq(model.call(Ids(), null, null)).all().item<bool>());
            adapted.TrainableParameters[0].add_(0.05);
            var changed = model.call(Ids(), null, null);
            Assert.False(allclose(plain, changed, 1e-3, 1e-3));
            adapted.Merge();
            Assert.True(allclose(changed, model.call(Ids(), null, null), 1e-4, 1e-4));
            adapted.Detach();
        }

        Assert.True(plain.eq(model.call(Ids(), null, null)).all().item<bool>());
        var all = AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = TargetModules.AllLinear }).Adapters;
        Assert.Contains(all, adapter => adapter.Name == "lm_head");
    }

    private static Tensor Ids() => tensor((long[])[3, 9, 4, 1, 5, 8, 2, 6, 7, 7, 3, 4, 9, 1, 2, 5], [2, 8]);
}
