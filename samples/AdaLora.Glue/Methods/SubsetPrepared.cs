using AdaLora.Training;
using AdaLora.Transformers.Models;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;

namespace AdaLora.Glue;

/// <summary>Trains the head and some of the encoder's own parameters.</summary>
internal sealed class SubsetPrepared : PreparedModel
{
    private readonly SequenceClassifier _model;

    public SubsetPrepared(SequenceClassifier model, Func<TextEncoder, IEnumerable<Parameter>> ofEncoder)
    {
        _model = model;
        var head = AdaptedParts.HeadOf(model).SelectMany(part => part.module.parameters());
        var chosen = ofEncoder(model.Encoder).Concat(head).Select(p => p.Handle).ToHashSet();
        foreach (var parameter in model.parameters())
            parameter.requires_grad = chosen.Contains(parameter.Handle);
    }

    public override long TrainableParameters => _model.parameters().Where(p => p.requires_grad).Sum(p => p.numel());

    public override IReadOnlyList<ModuleRank> Ranks => [];

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(_model, options, logger);

    public override IReadOnlyList<string> Save(string folder) => TrainedTensors.Write(_model, folder);

    public override void Merge()
    {
    }

    public override void Dispose()
    {
    }
}
