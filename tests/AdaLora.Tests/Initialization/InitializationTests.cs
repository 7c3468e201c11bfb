using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Initialization;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Initialization;

/// <summary>What P and Q start from, and that no choice changes what the model computes or its weights.</summary>
public sealed class InitializationTests
{
    public static TheoryData<string> Names => [.. All.Keys];

    private static readonly Dictionary<string, TripletInitialization> All = new(StringComparer.Ordinal)
    {
        ["published"] = TripletInitialization.Published,
        ["normal"] = TripletInitialization.Normal(0.3),
        ["orthonormal"] = TripletInitialization.Orthonormal,
        ["scaled by size"] = TripletInitialization.ScaledBySize,
        ["as LoRA"] = TripletInitialization.Lora,
        ["from the weight"] = TripletInitialization.FromWeight,
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Neither_output_nor_weights_change_and_products_are_0(string name) => RequireUnchanged(_ => All[name]);

    [Fact]
    public void Neither_output_nor_weights_change_from_the_data() => RequireUnchanged(model => FromData(model));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seed_determines_everything_and_another_seed_what_is_drawn(string name)
    {
        Assert.Equal(Values(1), Values(1));
        if (name != "from the weight")
            Assert.NotEqual(Values(1), Values(2));

        double[] Values(long seed)
        {
            // What is drawn before does not matter.
            manual_seed(seed + 5);
            using var model = new MixedModel(ScalarType.Float32);
            using var adapted = Attach(model, All[name], seed);
            return Doubles(adapted.TrainableParameters[0]);
        }
    }

    [Fact]
    public void The_published_draw_is_what_it_has_always_been()
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(ScalarType.Float32);
        using var seed = manual_seed(3);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 3, Targets = TargetModules.Suffixes("first") });
        using var again = manual_seed(3);
        Assert.Equal(Doubles(randn(3, 10) * 0.02f), Doubles(Right(adapted.Adapters[0])));
        Assert.Equal(Doubles(randn(12, 3) * 0.02f), Doubles(Left(adapted.Adapters[0])));
    }

    [Theory]
    [InlineData("orthonormal", ScalarType.Float32, 1e-6)]
    [InlineData("orthonormal", ScalarType.Float64, 1e-14)]
    [InlineData("from the weight", ScalarType.Float32, 1e-6)]
    [InlineData("from the weight", ScalarType.Float64, 1e-14)]
    public void Columns_of_P_and_rows_of_Q_are_orthonormal_in_every_kind_of_layer(string name, ScalarType dtype, double precision)
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(dtype);
        using var adapted = Attach(model, All[name]);
        Assert.Equal(4, adapted.Adapters.Count);
        foreach (var adapter in adapted.Adapters)
            RequireOrthonormal(adapter, precision);
    }

    [Fact]
    public void A_penalty_of_orthonormal_triplets_is_0()
    {
        using var model = new MixedModel(ScalarType.Float32);
        using var adapted = Attach(model, TripletInitialization.Orthonormal);
        Assert.Equal(0, adapted.Regularizer.Penalty().item<float>(), 1e-5);
    }

    /// <summary>The directions of random frames have no preferred signs: with the signs of QR's usual form, they would.</summary>
    [Fact]
    public void Orthonormal_frames_are_drawn_evenly()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(5);
        var means = zeros(4, 3, dtype: ScalarType.Float64);
        const int draws = 400;
        for (var i = 0; i < draws; i++)
        {
            var (right, left) = (empty(2, 5, dtype: ScalarType.Float64), empty(4, 3, dtype: ScalarType.Float64));
            AdaLora.Bank.TripletDraw.Orthonormal.Fill(right, left, zeros(2, 1, dtype: ScalarType.Float64), null);
            means += left;
        }

        // Each entry has variance 1 / 4.
        Assert.True((means / draws).abs().max().item<double>() < 5 * 0.5 / Math.Sqrt(draws));
    }

    [Fact]
    public void A_rank_above_a_size_starts_with_several_sets_of_orthonormal_vectors()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Linear(3, 2, dtype: ScalarType.Float64);
        using var tree = nn.Sequential(("a", model));
        foreach (var initialization in (TripletInitialization[])[TripletInitialization.Orthonormal, TripletInitialization.FromWeight])
        {
            using var adapted = AdaLoraModel.Attach(tree, new AdaLoraOptions { InitialRank = 5, TargetRank = 1, Initialization = initialization, Seed = 1 });
            var (left, right) = (Left(adapted.Adapters[0]), Right(adapted.Adapters[0]));
            Assert.All(Doubles(left.square().sum([0])).Concat(Doubles(right.square().sum([1]))), norm => Assert.Equal(1, norm, 1e-12));
            adapted.Detach();
        }
    }

    [Fact]
    public void Vectors_scaled_by_size_have_norms_of_about_1()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Linear(4000, 900)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Initialization = TripletInitialization.ScaledBySize, Seed = 1 });
        Assert.All(Doubles(Left(adapted.Adapters[0]).square().sum([0])).Concat(Doubles(Right(adapted.Adapters[0]).square().sum([1]))), norm => Assert.Equal(1, norm, 0.2));
    }

    [Fact]
    public void As_LoRA_means_its_A_for_Q_its_B_for_P_and_lambdas_of_1()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", nn.Linear(4000, 900)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Initialization = TripletInitialization.Lora, Seed = 1 });
        var (left, lambda, right) = (Left(adapted.Adapters[0]), Lambda(adapted.Adapters[0]), Right(adapted.Adapters[0]));
        Assert.Equal(0, left.abs().max().item<float>());
        Assert.All(Doubles(lambda), value => Assert.Equal(1, value));
        var bound = 1 / Math.Sqrt(4000);
        Assert.InRange(right.max().item<float>() / bound, 0.99, 1);
        Assert.InRange(right.min().item<float>() / -bound, 0.99, 1);
        Assert.Equal(0, right.mean().item<float>() / bound, 0.02);
        Assert.Equal(bound * bound / 3, right.square().mean().item<float>(), bound * bound / 100);
    }

    [Fact]
    public void Triplets_that_are_added_later_start_as_LoRA_does_and_change_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = TripletInitialization.Lora, TotalSteps = 9 });
        using (no_grad())
            Left(adapted.Adapters[0]).fill_(0.5f);
        var before = TrainedTiny.Outputs(model);

        AdaLora.Tests.Bank.Life.Resize(adapted.Bank, _ => true, (adapted.Adapters[0].Slot.Name, 2));

        Assert.Equal(before, TrainedTiny.Outputs(model), (a, b) => Math.Abs(a - b) < 1e-6);
        var (left, lambda, right) = (Left(adapted.Adapters[0]), Lambda(adapted.Adapters[0]), Right(adapted.Adapters[0]));
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f, 0, 0], left[0].data<float>());
        Assert.All(Doubles(lambda), value => Assert.Equal(1, value));
        Assert.Equal(6, right.abs().sum([1]).count_nonzero().item<long>());
    }

    /// <summary>The entries of Q are per word there: as small as those of other matrices, they would hardly ever be heard.</summary>
    [Fact]
    public void As_LoRA_means_for_a_table_that_Q_is_0_and_P_normal()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("table", nn.Embedding(50, 400)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Initialization = TripletInitialization.Lora, Seed = 1, Targets = TargetModules.Suffixes("table") });
        var (left, lambda, right) = (Left(adapted.Adapters[0]), Lambda(adapted.Adapters[0]), Right(adapted.Adapters[0]));
        Assert.Equal(0, right.abs().max().item<float>());
        Assert.All(Doubles(lambda), value => Assert.Equal(1, value));
        Assert.Equal(1, left.square().mean().item<float>(), 0.1);
    }

    /// <summary>As the PEFT library's LoRA does with torch's own AdamW, as long as lambda rests and nothing is pruned.</summary>
    [Fact]
    public void From_LoRAs_start_training_takes_LoRAs_course()
    {
        using var scope = NewDisposeScope();
        using var seed = manual_seed(4);
        using var model = nn.Sequential(("a", nn.Linear(8, 5, dtype: ScalarType.Float64)));
        var (weight, bias) = (model.parameters().First().detach().clone(), model.parameters().Last().detach().clone());
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 2,
            TargetRank = 2,
            Alpha = 4,
            Seed = 1,
            TotalSteps = 30,
            OrthogonalityWeight = 0,
            Initialization = TripletInitialization.Lora,
            LearningRateFactors = new AdaLora.Bank.LearningRateFactors { Lambda = 1e-12 },
        });
        var (b, a) = (new TorchSharp.Modules.Parameter(zeros(5, 2, dtype: ScalarType.Float64)), new TorchSharp.Modules.Parameter(Right(adapted.Adapters[0]).clone()));
        var scale = 4 / (2 + 1e-5);
        using var ours = new FusedAdamW(adapted.TrainableParameters, 1e-2, weightDecay: 0);
        using var theirs = optim.AdamW([b, a], 1e-2, weight_decay: 0);
        adapted.UseOptimizer(ours);
        adapted.Begin(30);

        foreach (var batch in TinyTask.Batches(30, dtype: ScalarType.Float64))
        {
            TinyTask.Step(adapted, model, ours, batch);
            theirs.zero_grad();
            nn.functional.cross_entropy((batch.Inputs.mm((weight + (scale * b.mm(a))).t()) + bias).to(ScalarType.Float32), batch.Labels).backward();
            _ = nn.utils.clip_grad_norm_([b, a], 1.0);
            _ = theirs.step();
        }

        Assert.True(b.abs().max().item<double>() > 0.1);
        Close.Absolute(b.detach(), Left(adapted.Adapters[0]), 1e-6, "P");
        Close.Absolute(a.detach(), Right(adapted.Adapters[0]), 1e-6, "Q");
    }

    [Fact]
    public void The_principal_directions_of_a_weight_are_its_singular_vectors()
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(ScalarType.Float64);
        var weights = model.Matrices.Select(w => w.detach().clone()).ToList();
        using var adapted = Attach(model, TripletInitialization.FromWeight);
        foreach (var (adapter, weight) in adapted.Adapters.Zip(weights))
        {
            var (_, values, _) = linalg.svd(weight, false);
            // u' W v is the singular value.
            var found = Left(adapter).t().mm(weight).mm(Right(adapter).t());
            Close.Absolute(diag(values.narrow(0, 0, adapter.Rank)), found, 1e-10, adapter.ToString()!);
        }
    }

    /// <summary>A matrix too large to be decomposed exactly, with singular values that fall like those of trained weights.</summary>
    [Fact]
    public void Directions_of_a_large_matrix_hold_nearly_all_that_the_best_ones_hold()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(2);
        var (left, right) = (linalg.qr(randn(300, 200)).Q, linalg.qr(randn(250, 200)).Q);
        var values = (arange(1, 201).to(ScalarType.Float32)).pow(-0.7);
        var matrix = left.mul(values).mm(right.t());

        var found = PrincipalDirections.Of(matrix, 12);

        var captured = found.Left.t().mm(matrix).square().sum().item<float>();
        var best = values.narrow(0, 0, 12).square().sum().item<float>();
        Assert.True(captured >= 0.9999 * best, $"{captured} of {best}");
        Close.Absolute(values.narrow(0, 0, 12).to(ScalarType.Float64), found.Values.to(ScalarType.Float64), 1e-3, "singular values");
        Assert.Equal(Doubles(found.Left), Doubles(PrincipalDirections.Of(matrix, 12).Left));
    }

    [Fact]
    public void A_weight_that_is_not_finite_is_refused_by_name_and_the_model_left_alone()
    {
        using var model = new MixedModel(ScalarType.Float32);
        using (no_grad())
            model.Matrices[0].fill_(float.NaN);
        var names = model.named_modules().Select(m => m.name).ToList();

        var refused = Assert.Throws<ArgumentException>(() => Attach(model, TripletInitialization.FromWeight));

        Assert.Contains("'conv' has entries that are not finite", refused.Message, StringComparison.Ordinal);
        Assert.Equal(names, model.named_modules().Select(m => m.name));
    }

    /// <summary>New triplets start like the initial ones: as vectors of the same length.</summary>
    [Theory]
    [InlineData("orthonormal")]
    [InlineData("from the weight")]
    public void Triplets_that_are_added_later_are_unit_vectors(string name)
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with
        {
            Initialization = All[name],
            TargetRank = 4,
            TotalSteps = 30,
            OrthogonalityWeight = 0,
            LearningRateFactors = new AdaLora.Bank.LearningRateFactors { P = 0, Q = 0 },
            Allocation = AllocationStrategy.Reallocate(),
        });
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-2, weightDecay: 0);
        adapted.UseOptimizer(optimizer);
        foreach (var batch in TinyTask.Batches(20, dtype: ScalarType.Float64))
            TinyTask.Step(adapted, model, optimizer, batch);

        Assert.True(adapted.HasGrown);
        foreach (var adapter in adapted.Adapters)
            Assert.All(Doubles(Left(adapter).square().sum([0])).Concat(Doubles(Right(adapter).square().sum([1]))), norm => Assert.Equal(1, norm, 1e-12));
    }

    [Fact]
    public void A_saved_adapter_is_loaded_whatever_it_started_from()
    {
        using var folder = new TestSupport.TemporaryFolder();
        using var model = new TinyModel();
        var initialization = TripletInitialization.FromData(TinyTask.Batches(2), batch => model.call(batch.Inputs).Dispose());
        using (var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Initialization = initialization, TotalSteps = 9 }))
        {
            using (no_grad())
                adapted.TripletParameters.Lambda.fill_(0.5f);
            using var optimizer = new FusedAdamW(adapted.TrainableParameters);
            TinyTask.Step(adapted, model, optimizer, TinyTask.Batches(1).Single());
            adapted.Save(folder.Path);
            var expected = TrainedTiny.Outputs(model);
            adapted.Detach();
            using var loaded = AdaLoraModel.Load(model, folder.Path);
            Assert.Equal(expected, TrainedTiny.Outputs(model), (a, b) => Math.Abs(a - b) < 1e-6);
        }
    }

    private static void RequireUnchanged(Func<MixedModel, TripletInitialization> choose)
    {
        using var scope = NewDisposeScope();
        using var model = new MixedModel(ScalarType.Float32);
        model.train();
        var inputs = randn(3, 2, 6, 6);
        var (before, state) = (model.call(inputs).clone(), model.state_dict().Values.Select(v => Doubles(v)).ToList());
        using var adapted = Attach(model, choose(model));

        Assert.Equal(Doubles(before), Doubles(model.call(inputs)));
        foreach (var adapter in adapted.Adapters)
            Assert.Equal(0, Left(adapter).mm(diag(Lambda(adapter))).mm(Right(adapter)).abs().max().item<float>());
        Assert.True(model.training);
        foreach (var parameter in adapted.TripletParameters.P.Concat(adapted.TripletParameters.Q))
            Assert.True(parameter.isfinite().all().item<bool>());
        adapted.Detach();
        Assert.Equal(state, model.state_dict().Values.Select(v => Doubles(v)));
    }

    internal static TripletInitialization FromData(MixedModel model, int batches = 3, double maxRankFactor = 2) =>
        TripletInitialization.FromData(Enumerable.Range(0, batches), seed =>
        {
            using var generator = new Generator((ulong)seed + 1, CPU);
            model.call(randn([4, 2, 6, 6], generator: generator)).Dispose();
        }, maxRankFactor);

    internal static AdaLoraModel Attach(nn.Module model, TripletInitialization initialization, long? seed = 1) => AdaLoraModel.Attach(
        model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = seed, Initialization = initialization, Targets = TargetModules.Suffixes("conv", "first", "second", "transposed") });

    internal static void RequireOrthonormal(SvdAdapter adapter, double precision)
    {
        var (left, right) = (Left(adapter), Right(adapter));
        Close.Absolute(eye(adapter.Rank, dtype: left.dtype).to(ScalarType.Float64), left.t().mm(left).to(ScalarType.Float64), precision * 10, "P'P");
        Close.Absolute(eye(adapter.Rank, dtype: left.dtype).to(ScalarType.Float64), right.mm(right.t()).to(ScalarType.Float64), precision * 10, "QQ'");
    }

    internal static Tensor Left(SvdAdapter adapter) => adapter.get_parameter("lora_B")!.detach();

    internal static Tensor Lambda(SvdAdapter adapter) => adapter.get_parameter("lora_E")!.detach().view(-1);

    internal static Tensor Right(SvdAdapter adapter) => adapter.get_parameter("lora_A")!.detach();

    internal static double[] Doubles(Tensor tensor) => [.. tensor.detach().to(ScalarType.Float64).contiguous().data<double>()];
}
