using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>The numbers of a frozen weight (out, in) in some form, and the products a layer needs of them. Nothing here is part of a graph.</summary>
internal abstract class WeightForm
{
    /// <summary>The tensors that make up the form, which the graph keeps and checks for changes.</summary>
    public abstract IReadOnlyList<Tensor> Tensors { get; }

    /// <summary>The element type of the products, to which rows must be converted first.</summary>
    public abstract ScalarType Dtype { get; }

    /// <summary>The same form over the tensors that a graph has kept.</summary>
    public abstract WeightForm Over(IReadOnlyList<Tensor> tensors);

    /// <summary>rows · W' + b.</summary>
    /// <param name="rows">(n, in), in <see cref="Dtype"/>.</param>
    /// <param name="bias">(out), in <see cref="Dtype"/>, or null.</param>
    /// <returns>(n, out), a new tensor.</returns>
    public abstract Tensor Linear(Tensor rows, Tensor? bias);

    /// <summary>rows · W: the product of the gradient.</summary>
    /// <param name="rows">(n, out), in <see cref="Dtype"/>.</param>
    /// <returns>(n, in), a new tensor.</returns>
    public abstract Tensor Multiply(Tensor rows);

    /// <summary>The weight as a dense matrix in <see cref="Dtype"/>; do not change it.</summary>
    public abstract Tensor Dense();
}
