using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>The numbers of a frozen weight (out, in) in some form, and the products that a layer needs of them. Nothing here is part of a graph.</summary>
internal abstract class WeightForm
{
    /// <summary>The tensors that the form is made of, for the graph to keep and to notice when one was changed.</summary>
    public abstract IReadOnlyList<Tensor> Tensors { get; }

    /// <summary>The element type of the products, to which rows are to be converted before.</summary>
    public abstract ScalarType Dtype { get; }

    /// <summary>The same over the tensors that a graph has kept.</summary>
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

    /// <summary>The weight as a dense matrix in <see cref="Dtype"/>; not to be changed.</summary>
    public abstract Tensor Dense();
}
