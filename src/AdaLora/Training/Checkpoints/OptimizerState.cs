using AdaLora.Bank;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>An optimiser's state: its fields are found by reflection, or it reports them itself through <see cref="IOptimizerState"/>.</summary>
internal sealed class OptimizerState(optim.Optimizer optimizer) : IResumable
{
    /// <exception cref="NotSupportedException">The state of this optimiser is inaccessible.</exception>
    public static void Require(optim.Optimizer optimizer)
    {
        if (optimizer is not IOptimizerState && !OptimizerFields.CanReach(optimizer))
        {
            throw new NotSupportedException(
                $"The optimiser {optimizer.GetType().Name} keeps its state where checkpoints cannot reach it. Implement {nameof(IOptimizerState)}, use one of TorchSharp's managed optimisers, or train without checkpoints.");
        }
    }

    public void Save(StateTable state)
    {
        if (optimizer is IOptimizerState own)
        {
            foreach (var (name, tensor) in own.CaptureState())
                state.Put(name, tensor);
            return;
        }

        foreach (var (name, value) in Fields().Select(f => (f.Name, f.Field.GetValue(f.Owner))))
        {
            // A null tensor has not been created yet.
            if (value is Tensor tensor)
                state.Put(name, tensor);
            else if (value is not null)
                state.Put(name, Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    public void Resume(StateTable state)
    {
        if (optimizer is IOptimizerState own)
        {
            own.ResumeState(state.Entries);
            return;
        }

        using var scope = NewDisposeScope();
        var devices = OptimizerFields.ParametersOf(optimizer).Select(p => p.device).ToList();
        foreach (var (index, name, owner, field) in Fields())
        {
            if (field.FieldType != typeof(Tensor))
            {
                field.SetValue(owner, Convert.ChangeType(state.Number(name), field.FieldType, System.Globalization.CultureInfo.InvariantCulture));
                continue;
            }

            (field.GetValue(owner) as Tensor)?.Dispose();
            field.SetValue(owner, state.Contains(name) ? state.Tensor(name).to(devices[index], copy: true).DetachFromDisposeScope() : null);
        }
    }

    private IEnumerable<(int Index, string Name, object Owner, System.Reflection.FieldInfo Field)> Fields() =>
        OptimizerFields.StatesOf(optimizer).SelectMany((owner, index) => OptimizerFields.Of(owner).Select(field => (index, $"{index}.{field.Name}", (object)owner, field)));
}
