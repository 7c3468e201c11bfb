using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>How <see cref="SharedFactors"/> are made of a bank.</summary>
/// <param name="Layout">The bank's layout.</param>
/// <param name="Scales">The factor of each triplet's product, (triplets), in the bank's element type.</param>
/// <param name="Dtype">The element type of the factors.</param>
/// <param name="BeforeGradients">Called before gradients arrive.</param>
internal sealed record FactorRecipe(BankLayout Layout, Tensor Scales, ScalarType Dtype, Action BeforeGradients)
{
    /// <summary>scale · lambda of each triplet, (triplets).</summary>
    public Tensor ScaledLambdas(Tensor values) => values.Lambdas(Layout).mul(Scales);

    /// <summary>Some numbers per triplet as they multiply the P' of a group, (triplets, 1, 1).</summary>
    public static Tensor Of(Tensor perTriplet, TripletBlock group) => perTriplet.narrow(0, group.First, group.Triplets).view(-1, 1, 1);
}
