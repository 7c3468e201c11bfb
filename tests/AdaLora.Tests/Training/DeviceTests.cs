using System.Text.RegularExpressions;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>Nothing in a step is bound to the CPU.</summary>
public sealed partial class DeviceTests
{
    /// <summary>Files whose tensors belong on the CPU wherever the model is.</summary>
    private static readonly string[] OnTheCpu =
    [
        // Random numbers that are the same on every device, and what they are copied from.
        "TripletBank.cs", "FastDropout.cs",
        // Files and what is read from them.
        "SafetensorsFile.cs", "StateTable.cs", "SingularTriplets.cs", "MatrixMeasurement.cs",
        // Models are created on the CPU and moved.
        "BertLanguageModelHead.cs", "Unfilled.cs", "AttentionPrefix.cs", "TextEncoder.Prompts.cs",
    ];

    /// <summary>The meta device computes shapes only, and refuses operations with tensors of another device: a tensor that a pass created on the CPU would be detected.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void Both_passes_run_on_a_device_that_is_not_the_cpu(double dropout)
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        model.to(META);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Dropout = dropout });
        nn.functional.cross_entropy(model.call(empty([16, 8], device: META)), empty(16, dtype: ScalarType.Int64, device: META)).backward();

        Assert.All(adapted.TrainableParameters, parameter => Assert.Equal(DeviceType.META, parameter.device_type));
        Assert.All(adapted.Adapters.SelectMany(adapter => adapter.named_parameters()).Where(p => p.parameter.requires_grad), p => Assert.Equal(DeviceType.META, p.parameter.grad!.device_type));
    }

    /// <summary>The meta device has no kernel for the absolute value, which importance and norms need, so for the rest of a step the source must be checked.</summary>
    [Fact]
    public void Every_tensor_that_the_library_makes_says_where_or_belongs_on_the_cpu()
    {
        var files = Directory.GetFiles(TestMaterial.InRepository("src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !OnTheCpu.Contains(Path.GetFileName(path))).ToList();
        Assert.True(files.Count > 100);
        foreach (var file in files)
        {
            foreach (var (line, number) in File.ReadLines(file).Select((line, index) => (line, index + 1)))
            {
                Assert.False(Factory().IsMatch(line) && !line.Contains("device", StringComparison.OrdinalIgnoreCase)
                    && !line.Contains("///", StringComparison.Ordinal), $"{file}:{number} makes a tensor without saying where: {line.Trim()}");
            }
        }
    }

    /// <summary>Creating a tensor from managed numbers on a device waits for all pending work of the device, and batches are created at every step.</summary>
    [Fact]
    public void No_batch_is_copied_to_a_device_with_waiting()
    {
        var files = ((string[])["src/AdaLora.Transformers", "samples/AdaLora.Glue/Tasks"])
            .SelectMany(folder => Directory.GetFiles(TestMaterial.InRepository(folder), "*.cs", SearchOption.AllDirectories)).Where(path => !path.Contains("/obj/", StringComparison.Ordinal)).ToList();
        Assert.True(files.Count > 100);
        foreach (var file in files)
        {
            foreach (var (line, number) in File.ReadLines(file).Select((line, index) => (line, index + 1)))
            {
                Assert.False(OfNumbers().IsMatch(line) && line.Contains("device", StringComparison.OrdinalIgnoreCase) && !line.Contains("device: CPU", StringComparison.Ordinal)
                    && !line.Contains("///", StringComparison.Ordinal), $"{file}:{number} makes the host wait for a device; use PinnedCopy: {line.Trim()}");
            }
        }
    }

    [GeneratedRegex(@"(?<![\w.])tensor\(")]
    private static partial Regex OfNumbers();

    [Fact]
    public void A_training_on_a_gpu_ends_as_on_the_cpu()
    {
        Assert.SkipUnless(cuda.is_available(), "There is no CUDA device.");
        var losses = new[] { CPU, CUDA }.Select(device =>
        {
            using var scope = NewDisposeScope();
            using var model = new TinyModel();
            model.to(device);
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, LearningRate = 1e-2, ReportEvery = 1 });
            var result = trainer.Fit(TinyTask.Batches(20).Select(batch => (batch.Inputs.to(device), batch.Labels.to(device))), batch => TinyTask.Loss(model, batch));
            return result.History.Select(report => report.Loss).ToList();
        }).ToList();
        Assert.All(losses[0].Zip(losses[1]), pair => Assert.Equal(pair.First, pair.Second, 1e-3));
    }

    [GeneratedRegex(@"(?<![\w.])(zeros|ones|empty|full|tensor|arange|eye|linspace|rand|randn|randint|randperm)\(")]
    private static partial Regex Factory();
}
