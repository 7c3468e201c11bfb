using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>What comes back when something is done and undone, for options of all kinds and training runs of all lengths.</summary>
public sealed class RoundTripPropertyTests
{
    private static readonly Gen<(AdaLoraOptions Options, int Steps, bool Compact)> Cases = Gen.Select(
        Gen.Int[1, 6],
        Gen.Int[0, 6],
        Gen.Double[0, 64],
        Gen.Int[0, 1000],
        Gen.Int[0, 12],
        Gen.Bool,
        (initial, target, alpha, seed, steps, compact) =>
            (TinyTask.Options with { InitialRank = initial, TargetRank = Math.Min(target, initial), Alpha = alpha, Seed = seed }, steps, compact));

    [Fact]
    public void Detaching_gives_back_the_model_bit_for_bit() => Cases.Sample(
        c =>
        {
            using var model = new TinyModel();
            var (outputs, names) = (Outputs(model), Names(model));
            using var adapted = Train(model, c.Options, c.Steps, c.Compact);
            adapted.Detach();
            // What is trained in full stays trained.
            if (c.Steps == 0)
                Assert.Equal(outputs, Outputs(model));
            Assert.Equal(names, Names(model));
        },
        iter: 25,
        threads: 1);

    [Fact]
    public void Unmerging_gives_back_the_weights_bit_for_bit_and_merging_changes_no_output() => Cases.Sample(
        c =>
        {
            using var model = new TinyModel();
            using var adapted = Train(model, c.Options, c.Steps, c.Compact);
            var outputs = Outputs(model);
            adapted.Merge();
            Assert.All(outputs.Zip(Outputs(model)), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
            adapted.Unmerge();
            Assert.Equal(outputs, Outputs(model));
        },
        iter: 25,
        threads: 1);

    [Fact]
    public void What_is_saved_loaded_and_saved_again_has_the_same_bytes() => Cases.Sample(
        c =>
        {
            using var folder = new TemporaryFolder();
            using var model = new TinyModel();
            using var adapted = Train(model, c.Options, c.Steps, c.Compact);
            adapted.Save(folder.File("first"));
            using var other = new TinyModel();
            using var loaded = AdaLoraModel.Load(other, folder.File("first"));
            loaded.Save(folder.File("second"));

            foreach (var file in Directory.GetFiles(folder.File("first")).Select(Path.GetFileName))
                Assert.Equal(File.ReadAllBytes(folder.File("first", file!)), File.ReadAllBytes(folder.File("second", file!)));
            // What was pruned is masked in one and absent in the other, whose sums are then rounded in a different order.
            Assert.All(Outputs(model).Zip(Outputs(other)), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        },
        iter: 25,
        threads: 1);

    private static AdaLoraModel Train(TinyModel model, AdaLoraOptions options, int steps, bool compact)
    {
        var adapted = AdaLoraModel.Attach(model, options);
        adapted.Begin(12);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        using var scope = NewDisposeScope();
        foreach (var batch in TinyTask.Batches(steps))
            TinyTask.Step(adapted, model, optimizer, batch);
        if (compact && adapted.IsPatternFinal)
            adapted.Compact(optimizer);
        return adapted;
    }

    private static List<string> Names(TinyModel model) => [.. model.named_parameters().Select(p => $"{p.name} {p.parameter.requires_grad}")];

    private static float[] Outputs(TinyModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        var outputs = model.call(TinyTask.Batches(1).Single().Inputs).clone().data<float>().ToArray();
        model.train();
        return outputs;
    }
}
