using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Lives;

/// <content>Acts that leave the model: what comes back from files and states is what went into them.</content>
internal sealed partial class RandomLife
{
    private static void SaveAndLoad(Subject s)
    {
        using var folder = new TemporaryFolder();
        s.Adapted.Save(folder.Path);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, folder.Path);
        Close(s.Outputs, Outputs(model), 1e-5);
        var isSettled = s.Is.IsFinal || (!s.Resizes && s.Adapted.Schedule!.InitialBudget == s.Adapted.Schedule.TargetBudget);
        Assert.Equal(s.Is.IsFinal ? s.Is.Live : s.Is.Held, loaded.Adapters.Sum(a => a.Rank));
        // If nothing is to be pruned, a pattern describes everything.
        if (s.Is.IsFinal || !isSettled)
            Assert.Equal(s.Is.IsFinal, loaded.IsPatternFinal);
        loaded.Begin(Total * 2);
        Assert.Equal(s.Is.IsFinal ? s.Is.Live : s.Adapted.Schedule!.TargetBudget, loaded.Schedule!.TargetBudget);
    }

    private void Resume(Subject s)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var state = new StateTable(tensors);
        using (no_grad())
        {
            s.Target.Save(state.Part("model"), s.IsWithinStep);
            new OptimizerState(s.Optimizer).Save(state.Part("optimizer"));
        }

        using var model = new TinyModel();
        using var other = new Subject(Begun(AdaLoraModel.Attach(model, _options)), _seed);
        other.Target.Resume(state.Part("model"));
        if (!Fits(s))
            return;
        new OptimizerState(other.Optimizer).Resume(state.Part("optimizer"));
        Assert.Equal(s.Is, other.Now);
        Close(s.Outputs, Outputs(model), 1e-6);

        // The next step is the same in both.
        if (!s.IsWithinStep)
        {
            other.Optimizer.zero_grad();
            s.Optimizer.zero_grad();
        }

        var batch = _batches;
        model.train();
        Backward(model);
        other.Adapted.BeforeOptimizerStep(1.0);
        other.Optimizer.step();
        other.Adapted.AfterOptimizerStep();
        _batches = batch;
        Step(s, cutsOff: false);
        Close(s.Outputs, Outputs(model), 1e-5);
        Assert.Equal((s.Is, s.Steps), (other.Now, other.Adapted.Step));
        Assert.All(s.Adapted.Adapters, a => Assert.Equal(s.Adapted.ReadPattern()[a.Slot.Name], other.Adapted.ReadPattern()[a.Slot.Name]));
    }
}
