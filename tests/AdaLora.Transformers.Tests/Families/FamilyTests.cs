using AdaLora.Internals;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>What holds for classifiers of every family.</summary>
public sealed class FamilyTests
{
    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Training_steps_leave_no_tensors_behind(string family)
    {
        using var model = SmallClassifier.Make(family, 2);
        model.train();
        var counts = new List<long>();
        for (var step = 0; step < 12; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                var logits = model.call(randint(5, 50, [3, 9], dtype: ScalarType.Int64), ones(3, 9, dtype: ScalarType.Int64), null);
                model.Loss(logits, zeros(3, dtype: ScalarType.Int64)).backward();
            }

            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[2], counts[^1]);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, p.name));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void The_layers_are_where_the_model_says(string family)
    {
        using var model = SmallClassifier.Make(family, 2);
        var list = model.named_modules().Single(m => m.name == model.LayersName).module;

        Assert.Equal(["0", "1"], list.named_children().Select(child => child.name));
        Assert.Same(list, model.Encoder.named_modules().Single(m => m.name == model.Encoder.LayersName).module);
    }

    /// <summary>TorchSharp registers the fields of a module that is placed in another one.</summary>
    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Names_stay_what_they_are_in_a_model_that_contains_this_one(string family)
    {
        using var folder = new TemporaryFolder();
        var classifier = SmallClassifier.Make(family, 2);
        classifier.SaveCheckpoint(folder.Path);
        var answerer = AutoModel.QuestionAnswerer(folder.Path, new PretrainedOptions { NewHead = true, Seed = 1 });
        string[] names = [.. Names(classifier).Concat(Names(answerer))];

        using var both = nn.ModuleDict(("classifier", (nn.Module)classifier), ("answerer", answerer));

        Assert.Equal(names, Names(classifier).Concat(Names(answerer)));

        static IEnumerable<string> Names(nn.Module module) => module.named_modules().Select(m => m.name).Concat(module.named_parameters().Select(p => p.name));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void A_plan_has_nothing_to_warn_of(string family)
    {
        using var model = SmallClassifier.Make(family, 2);

        var plan = AdaLoraModel.Plan(model, new AdaLoraOptions { TrainedModules = ["classifier"] });

        Assert.Empty(plan.Problems);
        Assert.Empty(plan.Warnings);
        Assert.All(plan.NotAdapted, module => Assert.StartsWith(module.Kind is "Embedding" or "Conv1d" ? $"this {module.Kind} is adapted only" : "trained in full", module.Reason, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void A_saved_checkpoint_comes_back_bit_for_bit(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = SmallClassifier.Make(family, 3);

        model.SaveCheckpoint(folder.Path);
        using var back = AutoModel.SequenceClassifier(folder.Path);

        Assert.Equal(3, back.Labels);
        Assert.Empty(back.LoadReport!.NewlyInitialized);
        Assert.Equal(Outputs(model), Outputs(back));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Double_precision_comes_back_bit_for_bit(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = SmallClassifier.Make(family, 3);
        model.to(ScalarType.Float64);
        using (no_grad())
        {
            foreach (var parameter in model.parameters())
                parameter.copy_(randn_like(parameter));
        }

        model.SaveCheckpoint(folder.Path);
        foreach (var memoryMapped in (bool[])[false, true])
        {
            using var back = AutoModel.SequenceClassifier(folder.Path, options: new PretrainedOptions { Dtype = ScalarType.Float64, MemoryMapped = memoryMapped });
            var expected = model.state_dict();
            Assert.All(back.state_dict().Where(s => s.Value.is_floating_point()), s => Assert.Equal(expected[s.Key].data<double>().ToArray(), s.Value.data<double>().ToArray()));
        }
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void A_mapped_checkpoint_computes_the_same_and_can_be_trained_in_full_without_changing_the_file(string family)
    {
        using var folder = new TemporaryFolder();
        using var model = SmallClassifier.Make(family, 3);
        model.SaveCheckpoint(folder.Path);
        var files = Directory.GetFiles(folder.Path);
        var before = files.Select(File.ReadAllBytes).ToList();

        using var mapped = AutoModel.SequenceClassifier(folder.Path, options: new PretrainedOptions { MemoryMapped = true });
        Assert.Equal(Outputs(model), Outputs(mapped));
        Assert.All(mapped.parameters(), p => Assert.True(p.is_leaf && p.requires_grad));
        using (NewDisposeScope())
        {
            using var optimizer = optim.SGD([.. mapped.parameters()], 0.1);
            mapped.Loss(mapped.call(randint(5, 50, [3, 9], dtype: ScalarType.Int64), null, null), zeros(3, dtype: ScalarType.Int64)).backward();
            optimizer.step();
        }

        Assert.NotEqual(Outputs(model), Outputs(mapped));
        Assert.Equal(before, files.Select(File.ReadAllBytes));

        using var wide = AutoModel.SequenceClassifier(folder.Path, options: new PretrainedOptions { Dtype = ScalarType.Float64, MemoryMapped = true });
        Assert.All(wide.parameters(), p => Assert.Equal(ScalarType.Float64, p.dtype));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Every_matrix_of_the_layers_can_be_adapted_and_merged(string family)
    {
        using var model = SmallClassifier.Make(family, 2);
        var plain = Outputs(model);
        var head = model.named_children().Where(c => !ReferenceEquals(c.module, model.Encoder) && c.module.parameters().Any()).Select(c => c.name).ToList();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Targets = TargetModules.AllLinear.And(TargetModules.Regex(@".*\.layer\.\d+\..*")), TrainedModules = head, Seed = 1 });
        Assert.Equal(12, adapted.Adapters.Count);
        Assert.Equal(plain, Outputs(model));

        using (no_grad())
            adapted.TrainableParameters[0].add_(0.05);
        var changed = Outputs(model);
        Assert.NotEqual(plain, changed);
        adapted.Merge();
        Assert.All(changed.Zip(Outputs(model)), p => Assert.Equal(p.First, p.Second, 1e-5f));
        adapted.Unmerge();
        Assert.Equal(changed, Outputs(model));
        adapted.Detach();
        Assert.Equal(plain, Outputs(model));
    }

    [Theory]
    [MemberData(nameof(SmallClassifier.Families), MemberType = typeof(SmallClassifier))]
    public void Every_weight_has_a_first_value(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallClassifier.Make(family, 2);
        foreach (var (name, parameter) in model.named_parameters())
        {
            var values = parameter.detach().data<float>().ToArray();
            if (parameter.dim() < 2)
                Assert.True(values.All(value => value == values[0] && value is 0 or 1), name);
            else
                Assert.True(values.All(float.IsFinite) && Deviation(values) is > 0.012 and < 0.028, $"{name}: {Deviation(values)}");
        }

        static double Deviation(float[] values) => Math.Sqrt(values.Average(value => (double)value * value));
    }

    [Theory]
    [InlineData("bert")]
    [InlineData("roberta")]
    [InlineData("distilbert")]
    [InlineData("electra")]
    public void Loading_a_whole_checkpoint_draws_no_values_that_it_would_overwrite(string family)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = SmallClassifier.Make(family, 3);
        model.SaveCheckpoint(folder.Path);
        _ = manual_seed(1);
        var stream = rand(400).data<float>().ToArray();
        _ = manual_seed(1);

        using var back = AutoModel.SequenceClassifier(folder.Path);

        // A handful for each layer, without which TorchSharp cannot create it; the weights are thousands.
        Assert.Contains(rand(1).item<float>(), stream);
    }

    private static float[] Outputs(SequenceClassifier model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        var ids = tensor([5L, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [2, 6]).clone();
        return [.. model.call(ids, ones_like(ids), null).data<float>()];
    }
}
