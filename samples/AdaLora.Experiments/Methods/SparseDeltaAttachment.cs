using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Methods;

/// <summary>A model with the sparse change that diff pruning left, as part of its weights.</summary>
internal sealed class SparseDeltaAttachment : WeightAttachment
{
    /// <summary>Loads what <see cref="DiffPruningAttachment"/> saved.</summary>
    /// <exception cref="InvalidDataException">The folder holds something else.</exception>
    public SparseDeltaAttachment(BaseModel model, string folder)
        : base(model)
    {
        ModelParts.Train(model, _ => false);
        SparseDeltas.Add(model, folder);
        TrainedTensors.Read(model.Module, folder);
    }

    public override void Merge()
    {
    }

    public override void Dispose()
    {
    }
}
