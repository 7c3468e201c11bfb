namespace AdaLora.Bank;

/// <summary>The parts of a triplet.</summary>
internal enum TripletPart
{
    P,
    Q,
    Lambda,
}
