using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Progress;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>A tensor that no scope holds may be freed while libtorch reads it, like a number: a caller without a scope must be just as safe.</summary>
public sealed class ScopeTests
{
    private static readonly Dictionary<string, Action<AdaLoraModel, TinyModel, Tensor>> Calls = new()
    {
        ["forward"] = (_, model, input) => model.call(input).Dispose(),
        ["merging and taking away"] = (adapted, _, _) =>
        {
            adapted.Merge();
            adapted.Unmerge();
        },
        ["saving"] = (adapted, _, _) => InFolder(adapted.Save),
        ["saving as LoRA"] = (adapted, _, _) => InFolder(adapted.ExportLora),
        ["reporting"] = (adapted, _, _) => _ = adapted.Report(),
        ["detaching"] = (adapted, _, _) => adapted.Detach(),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Calls_without_a_scope_make_their_tensors_in_one(string name)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 10 });
        using var input = ones(2, 8);
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;

        Calls[name](adapted, model, input);

        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [Fact]
    public void Steps_and_what_ends_them_make_their_tensors_in_scopes()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 10 });
        TinyTask.Loss(model, TinyTask.Batches(1).First()).backward();
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;

        for (var step = 0; step < 10; step++)
        {
            _ = adapted.BeforeOptimizerStep(1.0).ReadIsFinite();
            adapted.AfterOptimizerStep();
        }

        adapted.Finish();
        adapted.Compact();

        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [Fact]
    public void A_training_makes_its_tensors_in_scopes()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, ReportEvery = 5 });
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;

        _ = trainer.Fit(TinyTask.Batches(5), batch => TinyTask.Loss(model, batch), progress: new Nobody());

        // The state of torch's generator at the beginning of each of four passes, which is held.
        Assert.Equal(before + 4, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    private static void InFolder(Action<string> save)
    {
        using var folder = new TemporaryFolder();
        save(folder.Path);
    }

    private sealed class Nobody : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
        }
    }
}
