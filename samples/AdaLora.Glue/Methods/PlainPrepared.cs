using AdaLora.Training;
using AdaLora.Transformers.Heads;
using Microsoft.Extensions.Logging;

namespace AdaLora.Glue;

/// <summary>A classifier without a rank allocator: whatever requires gradients is what the trainer trains and what is kept.</summary>
internal abstract class PlainPrepared(SequenceClassifier model) : PreparedModel
{
    public override long TrainableParameters => model.parameters().Where(p => p.requires_grad).Sum(p => p.numel());

    public override IReadOnlyList<ModuleRank> Ranks => [];

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(model, options, logger);

    public override IReadOnlyList<string> Save(string folder) => TrainedTensors.Write(model, folder);
}
