using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using static TorchSharp.torch;

namespace AdaLora.MisuseTarget;

/// <summary>A model that one thread trains while another misuses it.</summary>
internal sealed class Bench : IDisposable
{
    private const int Steps = 40;
    private readonly TemporaryFolder _folder = new();
    private readonly AdapterSet? _set;
    private volatile bool _isFitting;

    public Bench(bool inSet)
    {
        Model = new TinyModel(width: 64);
        var options = TinyTask.Options with { Dropout = 0.2 };
        if (inSet)
        {
            _set = new AdapterSet(Model);
            _set.Add("other", options);
            Adapted = _set.Add("trained", options);
        }
        else
        {
            Adapted = AdaLoraModel.Attach(Model, options);
        }

        Adapted.Begin(Steps);
        Trainer = new Trainer(Adapted, new TrainerOptions { TotalSteps = Steps, LearningRate = 1e-2, EvaluateEvery = 7 });
    }

    public TinyModel Model { get; }

    public AdaLoraModel Adapted { get; }

    public Trainer Trainer { get; }

    public AdapterSet Set => _set ?? throw new InvalidOperationException("The model is in no set.");

    public string Folder => _folder.Path;

    public void Fit()
    {
        _isFitting = true;
        Trainer.Fit(TinyTask.Batches(Steps), batch => TinyTask.Loss(Model, batch), () => 0);
    }

    /// <summary>The same by hand, without anything that tells others.</summary>
    public void Loop()
    {
        using var optimizer = optim.SGD(Adapted.TrainableParameters.Skip(1), 1e-2);
        foreach (var batch in TinyTask.Batches(Steps))
            TinyTask.Step(Adapted, Model, optimizer, batch);
    }

    /// <summary>Sets gradients to null: all of them beside Fit, but only the adapters' beside a loop by hand, where nothing keeps those of the head alive while libtorch adds to them.</summary>
    public void ForgetGradients()
    {
        foreach (var part in _isFitting ? (IEnumerable<nn.Module>)[Model] : Adapted.Adapters)
            part.zero_grad(set_to_none: true);
    }

    /// <summary>A pass in training mode with a graph.</summary>
    public Tensor Loss() => TinyTask.Loss(Model, TinyTask.Batches(1).Single());

    public void Dispose()
    {
        foreach (var part in (IDisposable?[])[Trainer, _set, Adapted, Model])
        {
            try
            {
                part?.Dispose();
            }
            catch (InvalidOperationException)
            {
                // What was misused may be unable to end properly.
            }
        }

        _folder.Dispose();
    }
}
