using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Training;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Buffers that training changes as a side effect: they belong to the adapter, and the base model gets its own back.</summary>
public sealed class RunningStatisticsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_loaded_adapter_computes_what_the_saved_one_did()
    {
        using var trained = new Normed();
        using var adapted = Train(trained);
        var expected = Outputs(trained);

        adapted.Save(_folder.Path);
        using var other = new Normed();
        using var loaded = AdaLoraModel.Load(other, _folder.Path);

        Assert.Equal(expected, Outputs(other));
        Assert.Equal(
            ["base_model.model.norm.num_batches_tracked", "base_model.model.norm.running_mean", "base_model.model.norm.running_var"],
                Stored().Where(n => n.Contains(".norm.", StringComparison.Ordinal)));
    }

    [Fact]
    public void So_does_an_export_as_plain_lora_and_what_was_loaded_is_saved_again()
    {
        using var trained = new Normed();
        using var adapted = Train(trained);
        var expected = Outputs(trained);

        adapted.ExportLora(_folder.File("lora"));
        using var second = new Normed();
        using var loaded = AdaLoraModel.Load(second, _folder.File("lora"));
        loaded.Save(_folder.File("again"));
        using var third = new Normed();
        using var reloaded = AdaLoraModel.Load(third, _folder.File("again"));

        Assert.All(expected.Zip(Outputs(third)), o => Assert.Equal(o.First, o.Second, 1e-4));
    }

    [Fact]
    public void Detaching_gives_the_base_model_back_and_merging_for_good_keeps_what_was_learnt()
    {
        using var plain = new Normed();
        var (state, outputs) = (State(plain), Outputs(plain));
        using var trained = new Normed();
        using (var adapted = Train(trained))
        {
            Assert.NotEqual(state, State(trained));
            adapted.Detach();
        }

        Assert.Equal(state, State(trained));
        Assert.Equal(outputs, Outputs(trained));

        using var again = Train(trained);
        var learnt = Outputs(trained);
        again.MergeAndDetach();
        Assert.All(learnt.Zip(Outputs(trained)), o => Assert.Equal(o.First, o.Second, 1e-4));
    }

    [Fact]
    public void Loading_an_adapter_that_is_detached_later_leaves_no_trace()
    {
        using var trained = new Normed();
        using (var adapted = Train(trained))
            adapted.Save(_folder.Path);
        using var plain = new Normed();
        var state = State(plain);

        using var loaded = AdaLoraModel.Load(plain, _folder.Path);
        loaded.Detach();

        Assert.Equal(state, State(plain));
    }

    [Fact]
    public void Each_adapter_of_a_set_has_its_own_and_the_base_model_too()
    {
        using var model = new Normed();
        var outputs = Outputs(model);
        using var set = new AdapterSet(model);
        Fit(set.Add("one", Options), model, 1);
        var one = Outputs(model);
        Fit(set.Add("two", Options), model, 5);
        var two = Outputs(model);
        Assert.NotEqual(one, two);

        set.Select("one");
        Assert.Equal(one, Outputs(model));
        set.Select(null);
        Assert.Equal(outputs, Outputs(model));
        set.Select("two");
        Assert.Equal(two, Outputs(model));
        set.Delete("one");
        Assert.Equal(two, Outputs(model));
        set.Dispose();
        Assert.Equal(outputs, Outputs(model));
    }

    [Fact]
    public void Without_adapters_for_a_while_the_model_is_the_base_model()
    {
        using var model = new Normed();
        var outputs = Outputs(model);
        using var adapted = Train(model);
        var learnt = Outputs(model);

        using (adapted.DisableAdapters())
        {
            using (adapted.DisableAdapters())
                Assert.Equal(outputs, Outputs(model));
            Assert.Equal(outputs, Outputs(model));
        }

        Assert.Equal(learnt, Outputs(model));
    }

    [Fact]
    public void The_best_weights_bring_theirs_along()
    {
        using var model = new Normed();
        using var adapted = AdaLoraModel.Attach(model, Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2, Seed = 1, EvaluateEvery = 5, KeepBest = true });
        var outputs = new List<double[]>();
        _ = trainer.Fit(Batches(1).Take(20), batch => model.call(batch).square().mean(), () =>
        {
            outputs.Add(Outputs(model));
            return outputs.Count;
        });
        Fit(adapted, model, 1);
        trainer.RestoreBest();

        Assert.All(outputs[^1].Zip(Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    [Fact]
    public void Attaching_says_which_modules_will_change_and_those_trained_in_full_are_not_among_them()
    {
        using var model = new Normed();
        var logger = new RecordingLogger();
        AdaLoraModel.Attach(model, Options, logger).Detach();
        Assert.Contains(logger.Entries, e => e.Level == LogLevel.Warning && e.Text.Contains("running statistics of norm:", StringComparison.Ordinal));

        var quiet = new RecordingLogger();
        AdaLoraModel.Attach(model, Options with { TrainedModules = ["norm"] }, quiet).Detach();
        Assert.DoesNotContain(quiet.Lines, line => line.Contains("running statistics", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();

    private static AdaLoraOptions Options => new() { InitialRank = 3, TargetRank = 2, Seed = 1 };

    private static AdaLoraModel Train(Normed model)
    {
        var adapted = AdaLoraModel.Attach(model, Options);
        Fit(adapted, model, 1);
        return adapted;
    }

    private static void Fit(AdaLoraModel adapted, Normed model, double scale)
    {
        if (adapted.Step > 0)
        {
            // Only what the base model itself does.
            model.train();
            using var noGrad = no_grad();
            foreach (var batch in Batches(7).Take(5))
                model.call(batch).Dispose();
            return;
        }

        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2, Seed = 1 });
        _ = trainer.Fit(Batches(scale).Take(20), batch => model.call(batch).square().mean());
    }

    private static IEnumerable<Tensor> Batches(double scale)
    {
        for (var i = 0; ; i++)
        {
            using var seed = manual_seed(i);
            yield return randn(16, 8).mul(tensor((float)scale)).add(tensor((float)scale));
        }
    }

    private static double[] Outputs(Normed model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wasTraining = model.training;
        model.eval();
        using var seed = manual_seed(99);
        var outputs = model.call(randn(5, 8)).to(ScalarType.Float64).data<double>().ToArray();
        model.train(wasTraining);
        return outputs;
    }

    private static double[] State(nn.Module model)
    {
        using var scope = NewDisposeScope();
        return [.. model.state_dict().Where(s => !s.Key.Contains("lora", StringComparison.Ordinal))
            .SelectMany(s => s.Value.detach().to(ScalarType.Float64).cpu().reshape(-1).data<double>().ToArray())];
    }

    private IEnumerable<string> Stored()
    {
        using var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors"));
        return [.. file.Entries.Keys.Order(StringComparer.Ordinal)];
    }

    private sealed class Normed : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first;
        private readonly nn.Module<Tensor, Tensor> norm;
        private readonly nn.Module<Tensor, Tensor> head;

        public Normed()
            : base(nameof(Normed))
        {
            using var seed = manual_seed(3);
            (first, norm, head) = (nn.Linear(8, 12), nn.BatchNorm1d(12), nn.Linear(12, 4));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return head.call(norm.call(first.call(input)).relu()).MoveToOuterDisposeScope();
        }
    }
}
