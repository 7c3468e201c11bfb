using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

/// <summary>A tiny model with adapters, trained for some steps of a training of 28 whose pattern settles at step 20.</summary>
internal sealed class TrainedTiny : IDisposable
{
    private readonly optim.Optimizer _optimizer;
    private readonly ScalarType _dtype;

    public TrainedTiny(int steps, bool compact = false, AdaLoraOptions? options = null, ScalarType dtype = ScalarType.Float32, TinyModel? model = null)
    {
        _dtype = dtype;
        Model = model ?? new TinyModel(dtype);
        Adapted = AdaLoraModel.Attach(Model, options ?? TinyTask.Options);
        Adapted.Begin(28);
        _optimizer = optim.AdamW(Adapted.TrainableParameters, 1e-2);
        using var scope = NewDisposeScope();
        foreach (var batch in TinyTask.Batches(steps, dtype: dtype))
            TinyTask.Step(Adapted, Model, _optimizer, batch);
        if (compact)
            Adapted.Compact(_optimizer);
        Model.eval();
    }

    public TinyModel Model { get; }

    public AdaLoraModel Adapted { get; }

    /// <summary>What a model returns for inputs that it was not trained on.</summary>
    public static double[] Outputs(nn.Module<Tensor, Tensor> model, ScalarType dtype = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        // A tensor made from a managed array uses the array's memory, and kernels sum in a different order at a different alignment.
        var inputs = TinyTask.Batches(1, seed: 99, dtype: dtype).Single().Inputs.clone();
        return model.call(inputs).to(ScalarType.Float64).data<double>().ToArray();
    }

    public double[] Outputs() => Outputs(Model, _dtype);

    public void Dispose()
    {
        _optimizer.Dispose();
        Adapted.Dispose();
        Model.Dispose();
    }
}
