using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Methods;

/// <summary>Trains the new parts and some of the model's own parameters.</summary>
internal sealed class SelectionAttachment : WeightAttachment
{
    /// <param name="model">The model.</param>
    /// <param name="isChosen">Which of the parameters outside the new parts are trained, by name.</param>
    public SelectionAttachment(BaseModel model, Func<string, bool> isChosen)
        : base(model) => ModelParts.Train(model, isChosen);

    public override void Merge()
    {
    }

    public override void Dispose()
    {
    }
}
