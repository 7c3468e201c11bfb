using AdaLora.TestSupport;
using AdaLora.Training.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

/// <summary>How a checkpoint recognises the frozen weights.</summary>
public sealed class WeightFingerprintTests
{
    private const string Sample = "sample of before";

    [Fact]
    public void Few_weights_are_told_apart_by_every_byte_and_many_by_a_sample_unless_asked_otherwise()
    {
        using var scope = NewDisposeScope();
        var few = new WeightFingerprint([("a", arange(3, dtype: ScalarType.Float32)), ("b", zeros(0))]);
        // Of 1.2 GB, without the memory.
        var many = new WeightFingerprint([("a", zeros(1).expand(300_000_000))]);

        Assert.Equal(few.DescribeLike(""), few.Describe(everyByte: false));
        Assert.Matches("^[0-9A-F]{32}$", few.Describe(everyByte: false));
        Assert.Matches("^sample [0-9A-F]{32}$", many.Describe(everyByte: false));
        Assert.Equal(many.DescribeLike(Sample), many.Describe(everyByte: false));
        var asked = new WeightFingerprint([("a", zeros(100)), ("b", zeros(1).expand(70_000_000))]);
        Assert.Matches("^sample ", asked.Describe(everyByte: false));
        Assert.Matches("^[0-9A-F]{32}$", asked.Describe(everyByte: true));
    }

    [Fact]
    public void A_sample_notices_other_weights_names_shapes_and_dtypes_and_the_ends_of_a_tensor()
    {
        using var scope = NewDisposeScope();
        var weight = Weight();
        var (first, last, other) = (Changed(w => w[0, 0] = 9f), Changed(w => w[299, 999] = 9f), Changed(w => w.mul_(tensor(1.001f))));
        (string, Tensor)[] tensors = [("w", weight), ("v", weight), ("w", weight.view(1000, 300)), ("w", weight.to(ScalarType.Float64)), ("w", first), ("w", last), ("w", other),
            ("w", weight.narrow(0, 0, 299))];
        string[] all = [.. tensors.Select(t => new WeightFingerprint([t]).DescribeLike(Sample))];

        Assert.Equal(all.Length, all.Distinct().Count());
        // The location of the entries makes no difference.
        Assert.Equal(all[0], new WeightFingerprint([("w", weight.t().contiguous().t())]).DescribeLike(Sample));
    }

    [Fact]
    public void A_single_entry_of_a_large_tensor_goes_unnoticed_by_a_sample_and_not_by_every_byte()
    {
        using var scope = NewDisposeScope();
        var (before, after) = (new WeightFingerprint([("w", Weight())]), new WeightFingerprint([("w", Changed(w => w[0, 700] = 9f))]));

        Assert.Equal(before.DescribeLike(Sample), after.DescribeLike(Sample));
        Assert.NotEqual(before.DescribeLike(""), after.DescribeLike(""));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void A_checkpoint_is_compared_in_the_form_that_it_has(int? changed)
    {
        using var folder = new TemporaryFolder();
        var rehearsal = new Rehearsal { Folder = folder.Path, Keep = 1, EvaluateEvery = 1000 };
        rehearsal.Run(crashBefore: 23);
        // As if the model had been large.
        var path = Directory.GetFiles(folder.Path, "*.safetensors").Single();
        var (tensors, metadata) = CheckpointStore.Read(path);
        File.Delete(path);
        using (var model = new Models.TinyModel())
        using (var adapted = AdaLoraModel.Attach(model, rehearsal.Adapters))
        {
            var frozen = new WeightFingerprint(model.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => (p.name, (Tensor)p.parameter)));
            Assert.Equal(metadata["frozen weights"], frozen.Describe(everyByte: false));
            new CheckpointStore(folder.Path).Write(20, tensors, new Dictionary<string, string>(metadata) { ["frozen weights"] = frozen.DescribeLike(Sample) });
        }

        foreach (var tensor in tensors.Values)
            tensor.Dispose();
        var resumed = rehearsal with { SeedOfModel = changed };
        if (changed is null)
            Assert.Equal(60 - 20, resumed.Run(resume: true).Losses.Count);
        else
            Assert.Contains("frozen weights is sample", Assert.Throws<InvalidDataException>(() => resumed.Run(resume: true)).Message, StringComparison.Ordinal);
    }

    private static Tensor Weight() => arange(300_000, dtype: ScalarType.Float32).view(300, 1000);

    private static Tensor Changed(Action<Tensor> change)
    {
        var weight = Weight();
        change(weight);
        return weight;
    }
}
