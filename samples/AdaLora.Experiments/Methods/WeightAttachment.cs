using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Training;
using Microsoft.Extensions.Logging;

namespace AdaLora.Experiments.Methods;

/// <summary>A method without a rank allocator: whatever requires gradients is what the trainer trains and what is kept.</summary>
internal abstract class WeightAttachment(BaseModel model) : MethodAttachment
{
    public override long TrainableParameters => model.Module.parameters().Where(p => p.requires_grad).Sum(p => p.numel());

    public override IReadOnlyList<ModuleRank> Ranks => [];

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(model.Module, options, logger);

    public override IReadOnlyList<string> Save(string folder) => TrainedTensors.Write(model.Module, folder);
}
